//! The log of a job: one text, the whole of it each time, with marks for a browser in it.

use jiff::Timestamp;

use crate::model::update::Detail;
use crate::source::pipelines::lines::{self, Lines};

/// Reads a log. `cut`: its beginning is missing.
pub(super) fn read(text: &[u8], cut: bool, is_over: bool) -> Detail {
    let mut log = Lines::default();
    if cut {
        log.note("(the log is long: only its last 8 MiB were fetched)");
    }
    if text.is_empty() {
        log.note(if is_over {
            "(GitLab has no log of this job: it wrote nothing, or its log was deleted)"
        } else {
            "(the job has written nothing yet)"
        });
    }
    for line in lines::split(text) {
        let (stamp, continues, line) = stamped(line);
        match readable(line) {
            Some(line) if continues => log.join(&line),
            Some(line) => log.push(stamp, &line),
            None => {}
        }
    }
    log.detail()
}

/// The time of a line, whether it goes on with the line before, and the line: runners of 17.0 and
/// later write `2026-03-01T03:04:05.678901Z 00O ` before each, with `+` at the end where it goes on.
fn stamped(line: &[u8]) -> (Option<Timestamp>, bool, &[u8]) {
    let parse = || {
        let (stamp, rest) = line.split_at_checked(line.iter().take(40).position(|byte| *byte == b' ')?)?;
        let stamp = std::str::from_utf8(stamp).ok().filter(|stamp| stamp.ends_with('Z'))?;
        let ([b' ', high, low, b'O' | b'E', how @ (b' ' | b'+')], rest) = rest.split_first_chunk::<5>()?
        else {
            return None;
        };
        let hex = high.is_ascii_hexdigit() && low.is_ascii_hexdigit();
        let stamp = stamp.parse().ok().filter(|_| hex)?;
        Some((Some(stamp), *how == b'+', rest))
    };
    parse().unwrap_or((None, false, line))
}

/// A line as a terminal shows it in the end, with `> ` where a section begins; `None` if there is
/// nothing in it but marks.
fn readable(line: &[u8]) -> Option<Vec<u8>> {
    let (mut section, mut marked, mut shown) = (None, false, Vec::new());
    for state in lines::states(line) {
        if let Some(mark) = state.strip_prefix(b"section_start:") {
            // `1700000000:step_script[collapsed=true]`
            let name = mark.splitn(2, |byte| *byte == b':').nth(1).unwrap_or_default();
            section = Some(name.split(|byte| *byte == b'[').next().unwrap_or_default().to_vec());
        } else if state.starts_with(b"section_end:") {
            marked = true;
        } else if !state.is_empty() {
            shown = state;
        }
    }
    match section {
        Some(name) => Some([b"> ".to_vec(), if shown.is_empty() { name } else { shown }].concat()),
        None if marked && shown.is_empty() => None,
        None => Some(shown),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &[u8], is_over: bool) -> Vec<String> {
        let Detail::Log(lines) = read(text, false, is_over) else { panic!("a log") };
        lines.iter().map(|line| line.as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn sections_and_what_was_written_over_become_lines() {
        let text = b"\x1b[0KRunning with gitlab-runner 16.11.0\n\
            section_start:1772336100:prepare_executor[collapsed=true]\r\x1b[0K\x1b[0K\x1b[36;1mPreparing\x1b[0;m\n\
            10%\r 60%\r100%\n\
            section_end:1772336101:prepare_executor\r\x1b[0Ksection_start:1772336101:step_script\r\x1b[0K\n\
            \n\
            make test\nsection_end:1772336102:step_script\r\x1b[0K\x1b[31;1mERROR: Job failed: exit code 2\n";
        let expected = [
            "Running with gitlab-runner 16.11.0",
            "> \u{1b}[36;1mPreparing\u{1b}[0;m",
            "100%",
            "> step_script",
            "",
            "make test",
            "\u{1b}[31;1mERROR: Job failed: exit code 2",
        ];
        assert_eq!(lines(text, true), expected);
        assert_eq!(lines(b"section_end:1772336102:step_script\r\x1b[0K\n", true), Vec::<String>::new());
    }

    #[test]
    fn times_of_newer_runners_are_shown_short_and_torn_lines_are_joined() {
        let text = b"2026-03-01T03:07:10.123456Z 00O make test\n\
            2026-03-01T03:07:11.123456Z 01E half a \n\
            2026-03-01T03:07:12.123456Z 01E+line\n\
            2026-03-01T03:07:13.123456Z no mark\n";
        let expected =
            ["03:07:10Z make test", "03:07:11Z half a line", "2026-03-01T03:07:13.123456Z no mark"];
        assert_eq!(lines(text, true), expected);
    }

    #[test]
    fn an_empty_log_says_why() {
        assert!(lines(b"", false)[0].contains("nothing yet"));
        assert!(lines(b"", true)[0].contains("no log of this job"));
    }
}
