//! The picture in the README is what the program draws.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::process::Command;

const PICTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/screen.svg");

fn generate() -> String {
    // A place without a configuration, and a terminal that could only show black and white.
    let nowhere = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_midwatch"))
        .args(["generate", "screen"])
        .env_clear()
        .env("HOME", nowhere.path())
        .env("NO_COLOR", "1")
        .env("TZ", "Asia/Tokyo")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_picture_shows_the_screen_as_it_is() {
    let now = generate();
    let kept = std::fs::read_to_string(PICTURE).unwrap_or_default();
    let differs = kept.lines().zip(now.lines()).position(|(kept, now)| kept != now);
    assert!(
        kept == now,
        "assets/screen.svg shows another screen, first at line {}; look at both and run:\n    \
         cargo run --quiet -- generate screen > assets/screen.svg",
        differs.map_or(kept.lines().count().min(now.lines().count()), |line| line) + 1
    );
}

#[test]
fn the_outage_is_in_the_picture() {
    let now = generate();
    for text in ["HighErrorRate", "integration-eu #2293", "prod-eu", "03:16 UTC"] {
        assert!(now.contains(text), "{text} is not in the picture");
    }
    assert_eq!(now.matches("<text").count(), now.matches("</text>").count());
}
