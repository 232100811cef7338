//! Copies text to the clipboard of the person's own terminal, over ssh as well.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::AsyncWriteExt as _;

use crate::model::text::SafeText;

/// What terminals are known to take in one OSC 52, in bytes of base64.
const MOST: usize = 74_994;

/// The bytes that copy these lines (OSC 52); `None` when they are more than terminals take.
pub(super) fn copy(lines: &[SafeText]) -> Option<Vec<u8>> {
    let encoded = STANDARD.encode(join(lines));
    (encoded.len() <= MOST).then(|| format!("\x1b]52;c;{encoded}\x1b\\").into_bytes())
}

/// Gives the lines to tmux as well, which by default drops OSC 52 from programs without a word.
///
/// Nothing is reported: the text is always shown too, and whether a far terminal took it cannot be
/// known.
pub(super) async fn copy_through_tmux(lines: Vec<SafeText>) {
    let command = tokio::process::Command::new("tmux")
        .args(["load-buffer", "-w", "-"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .kill_on_drop(true)
        .spawn();
    let Ok(mut tmux) = command else { return };
    let copied = async {
        if let Some(mut input) = tmux.stdin.take() {
            input.write_all(join(&lines).as_bytes()).await?;
        }
        tmux.wait().await
    };
    let _unknown = tokio::time::timeout(std::time::Duration::from_secs(2), copied).await;
}

/// Without a line end after the last line, which a shell would run.
fn join(lines: &[SafeText]) -> String {
    lines.iter().map(SafeText::as_str).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::text::{RawText, clean};

    #[test]
    fn lines_are_copied_without_a_last_line_end_and_too_many_are_refused() {
        let lines = [clean(&RawText::from("rm -rf")), SafeText::literal("b")];
        assert_eq!(copy(&lines).unwrap(), b"\x1b]52;c;cm0gLXJmCmI=\x1b\\");
        assert_eq!(copy(&[clean(&RawText::from("x".repeat(60_000)))]), None);
    }
}
