//! `:editor`: the person's own editor gets the terminal and the pad's file until it ends.
//!
//! The file is the pad itself, so that it comes back byte for byte: the record sees that another program
//! changed it, as it does at any other time.

use std::time::Duration;

use super::keeper::Keeper;
use super::login::{self, Away};
use super::terminal::Terminal;
use crate::config::argv::Argv;
use crate::model::note::Folder;
use crate::model::text::SafeText;
use crate::pane::effect::Msg;

/// How long a terminal that does not read gets to take the bytes that leave the alternate screen.
const RESTORE: Duration = Duration::from_millis(300);
/// What is said in a demo.
const NOWHERE: &str = "nothing is written here: there is no file of it";

/// Opens pads in the person's own editor: who writes them, if anything is written at all.
#[derive(Default)]
pub struct Pads(Option<Keeper>);

impl Pads {
    /// Those that this keeper writes.
    pub fn new(keeper: &Keeper) -> Self {
        Self(Some(keeper.clone()))
    }

    /// Gives the terminal to the editor with the pad of a folder, once the keeper has written all that it
    /// was given before. Errors say why not.
    pub(super) fn start(&self, terminal: &Terminal, folder: Folder) -> Result<Away, SafeText> {
        let keeper = self.0.as_ref().ok_or(NOWHERE)?;
        if terminal.is_lent() {
            return Err("a login has the terminal".into());
        }
        let mut argv = editor(|name| std::env::var(name).ok());
        let (keeper, lent) = (keeper.clone(), terminal.lend(RESTORE));
        Ok(Box::pin(async move {
            let of = folder.clone();
            let file = tokio::task::spawn_blocking(move || {
                // What is not saved by then is told by the record.
                let _written = keeper.flush();
                keeper.pad_file(of)
            });
            let file = file.await.ok().flatten();
            let ended = match (file.map(|path| path.to_str().map(str::to_owned)), lent.open()) {
                (None, _) => Err(NOWHERE.into()),
                (Some(None), _) => Err("the path of the state directory is not UTF-8".into()),
                (Some(Some(file)), Ok(tty)) => {
                    argv.arguments.push(file);
                    login::run(&lent, tty, &"the editor".into(), &argv).await
                }
                (Some(Some(_)), Err(error)) => Err(login::said(&error)),
            };
            drop(lent);
            Msg::Edited(folder, ended)
        }))
    }
}

/// `VISUAL`, else `EDITOR`, else `vi`: a program and its arguments, which no shell reads.
fn editor(variable: impl Fn(&str) -> Option<String>) -> Argv {
    let named = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
    let line = named("VISUAL").or_else(|| named("EDITOR")).unwrap_or_else(|| "vi".to_owned());
    let mut words = line.split_whitespace().map(str::to_owned);
    Argv { program: words.next().unwrap_or_default(), arguments: words.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_editor_is_what_the_person_named() {
        let typed = |pairs: &[(&str, &str)]| {
            let found = |name: &str| pairs.iter().find(|(key, _)| *key == name).map(|(_, v)| (*v).to_owned());
            editor(found).typed()
        };
        assert_eq!(typed(&[("EDITOR", "nano"), ("VISUAL", "vim -u NONE")]), "vim -u NONE");
        assert_eq!(typed(&[("EDITOR", "nano"), ("VISUAL", " ")]), "nano");
        assert_eq!(typed(&[]), "vi");
    }
}
