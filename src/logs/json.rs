//! Finds level and time among the top-level fields of a JSON line, without parsing the rest.

/// How far into a line fields are looked for.
const REACH: usize = 4096;

/// Raw values of the fields that matter: string contents or bare tokens.
#[derive(Default)]
pub(super) struct Head<'a> {
    pub(super) level: Option<&'a [u8]>,
    pub(super) time: Option<&'a [u8]>,
}

enum Key {
    Level,
    Time,
    Other,
}

fn key(name: &[u8]) -> Key {
    match name {
        b"level" | b"severity" | b"lvl" | b"log.level" | b"loglevel" | b"levelname" | b"Level" | b"LEVEL"
        | b"PRIORITY" | b"@l" => Key::Level,
        b"ts" | b"time" | b"timestamp" | b"@timestamp" | b"t" | b"@t" | b"Timestamp" | b"Time" => Key::Time,
        _ => Key::Other,
    }
}

/// Reads the top-level fields of a line that begins with `{`.
pub(super) fn scan(line: &[u8]) -> Head<'_> {
    let line = line.get(..REACH).unwrap_or(line);
    let mut head = Head::default();
    let mut depth = 0_u32;
    let mut at = 0;
    let mut current = None; // the key whose value comes next
    while let Some(&byte) = line.get(at) {
        match byte {
            b'"' => {
                let Some(end) = string_end(line, at + 1) else { break };
                if depth == 1 {
                    let text = line.get(at + 1..end).unwrap_or_default();
                    match current.take() {
                        None => current = Some(key(text)),
                        Some(found) => fill(&mut head, &found, text),
                    }
                }
                at = end;
            }
            b'{' | b'[' => {
                depth += 1;
                if depth == 2 {
                    current = Some(Key::Other);
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b',' if depth == 1 => current = None,
            b'0'..=b'9' | b'-' if depth == 1 => {
                let rest = line.get(at..).unwrap_or_default();
                let length =
                    rest.iter().position(|b| matches!(b, b',' | b'}' | b' ' | b'\t')).unwrap_or(rest.len());
                if let Some(found) = current.take() {
                    fill(&mut head, &found, rest.get(..length).unwrap_or_default());
                }
                at += length;
                continue;
            }
            _ => {}
        }
        if head.level.is_some() && head.time.is_some() {
            break;
        }
        at += 1;
    }
    head
}

fn fill<'a>(head: &mut Head<'a>, key: &Key, value: &'a [u8]) {
    match key {
        Key::Level => head.level = head.level.or(Some(value)),
        Key::Time => head.time = head.time.or(Some(value)),
        Key::Other => {}
    }
}

/// Where the quote that closes a string is.
fn string_end(line: &[u8], mut at: usize) -> Option<usize> {
    loop {
        let found = at + memchr::memchr2(b'"', b'\\', line.get(at..)?)?;
        if line.get(found) == Some(&b'"') {
            return Some(found);
        }
        at = found + 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(line: &str) -> (Option<&str>, Option<&str>) {
        fn text(field: Option<&[u8]>) -> Option<&str> {
            field.map(|bytes| std::str::from_utf8(bytes).unwrap())
        }
        let head = scan(line.as_bytes());
        (text(head.level), text(head.time))
    }

    #[test]
    fn top_level_fields_are_found_wherever_they_stand() {
        assert_eq!(fields(r#"{"time":"x","level":"warn"}"#), (Some("warn"), Some("x")));
        assert_eq!(
            fields(r#"{"a":{"level":"no"},"b":[1,"level"],"lvl" : 30 , "ts":-1.5}"#),
            (Some("30"), Some("-1.5"))
        );
        assert_eq!(fields(r#"{"msg":"a \" \\","level":"e"}"#), (Some("e"), None));
        assert_eq!(fields(r#"{"level":null,"severity":"e"}"#), (Some("e"), None));
        assert_eq!(fields(r#"{"level":["a"],"time":{"ts":1}}"#), (None, None));
    }

    #[test]
    fn broken_json_is_harmless() {
        for line in
            ["{", "{\"", "{\"level", "{\"level\":", "{\"level\":\"", "{\"level\":\"a\\", "{}}}}]]", "{,,"]
        {
            assert_eq!(fields(line), (None, None), "{line}");
        }
    }
}
