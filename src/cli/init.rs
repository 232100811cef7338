//! `midwatch init`: a configuration from what this machine has, written once and never over another.

use std::process::ExitCode;

use super::print::{print, refuse, tell};
use super::{FAILED, Flags, WRONG};
use crate::config::places::Places;
use crate::model::text::SafeText;
use crate::safe;
use crate::source::local::Local;
use crate::store::atomic::Fresh;
use crate::store::error::path_text;
use crate::store::{atomic, dirs};

/// Writes the configuration, or prints it.
pub(super) fn init(flags: &Flags, to_stdout: bool) -> ExitCode {
    let found = Local::find();
    if to_stdout {
        told("Found here:", &found).iter().for_each(tell);
        return print(&found.configuration(), 0);
    }
    let Some(path) = flags.config.clone().or_else(|| Places::of_person().user) else {
        let why = "there is no home directory, so no place for a configuration; \
                   name one: midwatch init --config FILE";
        return refuse(WRONG, &why.into());
    };
    let path = std::path::absolute(&path).unwrap_or(path);
    if let Some(Err(why)) = path.parent().map(dirs::prepare) {
        return refuse(FAILED, &safe!("{}; midwatch init --stdout prints the configuration", why));
    }
    match atomic::create(&path, found.configuration().as_bytes()) {
        Ok(Fresh::Made) => {}
        Ok(Fresh::Exists) => {
            let place = path_text(&path);
            let why = safe!(
                "{} is there already and stays as it is; midwatch init --stdout prints what would be written",
                place
            );
            return refuse(FAILED, &why);
        }
        Err(error) => {
            let why = safe!("{}; midwatch init --stdout prints the configuration", error.sentence());
            return refuse(FAILED, &why);
        }
    }
    let mut text = String::new();
    let written = safe!("Written to {}.", path_text(&path));
    let next = safe!("next: {}", flags.typed("midwatch check"));
    for line in told("Found here:", &found).iter().chain([&written, &next]) {
        text.push_str(line.as_str());
        text.push('\n');
    }
    print(&text, 0)
}

fn told(heading: &'static str, found: &Local) -> Vec<SafeText> {
    let facts = found.facts();
    std::iter::once(heading.into()).chain(facts.iter().map(|fact| safe!("  {}", fact))).collect()
}
