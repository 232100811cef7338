//! The names behind the system's numbers, and ours.

/// The name of a group by its number; the number where it has none here.
pub fn group_name(id: u32) -> String {
    name("/etc/group", id)
}

/// The name of a user by its number; the number where it has none here.
pub fn user_name(id: u32) -> String {
    name("/etc/passwd", id)
}

/// The name of who runs this program.
pub fn user() -> String {
    user_name(rustix::process::geteuid().as_raw())
}

/// The name of a numeric id in a file of `name:password:id:` lines.
fn name(table: &str, id: u32) -> String {
    let text = std::fs::read_to_string(table).unwrap_or_default();
    let named = text.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(id)).then(|| name.to_owned())
    });
    named.unwrap_or_else(|| id.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_names() {
        assert_eq!(user_name(0), "root");
        assert_eq!(group_name(4_000_000_000), "4000000000");
        assert!(!user().is_empty());
    }
}
