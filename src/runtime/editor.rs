//! `:editor`: the person's own editor gets the terminal and the pad's file until it ends.
//!
//! The file is the pad itself, so that it comes back byte for byte: the record sees that another program
//! changed it, as it does at any other time.

use std::path::PathBuf;
use std::time::Duration;

use super::keeper::Keeper;
use super::login::{self, Away};
use super::terminal::Terminal;
use crate::config::argv::Argv;
use crate::model::note::Folder;
use crate::model::text::SafeText;
use crate::pane::effect::Msg;
use crate::store::notes::PAD;

/// How long a terminal that does not read gets to take the bytes that leave the alternate screen.
const RESTORE: Duration = Duration::from_millis(300);

/// Opens pads in the person's own editor: where the folders of the record are, and who writes them, if
/// anything is written at all.
#[derive(Default)]
pub struct Pads(Option<(PathBuf, Keeper)>);

impl Pads {
    /// Those below a state directory, as this keeper writes them.
    pub fn new(state: Option<PathBuf>, keeper: &Keeper) -> Self {
        Self(state.map(|state| (state, keeper.clone())))
    }

    /// Gives the terminal to the editor with the pad of a folder, once the keeper has written all that it
    /// was given before. Errors say why not.
    pub(super) fn start(&self, terminal: &Terminal, folder: Folder) -> Result<Away, SafeText> {
        let (state, keeper) = self.0.as_ref().ok_or("nothing is written here: there is no file of it")?;
        if terminal.is_lent() {
            return Err("a login has the terminal".into());
        }
        let path = state.join(folder.path()).join(PAD);
        let file = path.to_str().ok_or("the path of the state directory is not UTF-8")?.to_owned();
        let mut argv = editor(|name| std::env::var(name).ok());
        argv.arguments.push(file);
        let (keeper, lent) = (keeper.clone(), terminal.lend(RESTORE));
        Ok(Box::pin(async move {
            // What is not saved by then is told by the record.
            let _written = tokio::task::spawn_blocking(move || keeper.flush()).await;
            let ended = match lent.open() {
                Ok(tty) => login::run(&lent, tty, &"the editor".into(), &argv).await,
                Err(error) => Err(login::said(&error)),
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
