//! Prepares and sends documents for the console, beside its loop.

use tokio::sync::mpsc;

use crate::action::confirm::Confirmed;
use crate::config::destinations::Destination;
use crate::incident::paper::Paper;
use crate::model::health::{Failure, FailureKind};
use crate::model::note::Folder;
use crate::model::outgoing::{Delivery, Outgoing};
use crate::model::text::{RawText, SafeText};
use crate::net::Net;
use crate::pane::effect::Msg;
use crate::send;

/// Prepares and sends what the console asks for.
pub(super) struct Courier {
    net: Net,
    destinations: Vec<Destination>,
    answers: mpsc::Sender<Msg>,
    /// Nothing is sent: what is played is no real outage.
    is_played: bool,
}

impl Courier {
    pub(super) fn new(
        net: Net,
        destinations: Vec<Destination>,
        answers: mpsc::Sender<Msg>,
        is_played: bool,
    ) -> Self {
        Self { net, destinations, answers, is_played }
    }

    fn find(&self, name: &RawText) -> Result<Destination, SafeText> {
        if self.is_played {
            return Err("a recording is played: nothing is sent".into());
        }
        let found = self.destinations.iter().find(|known| known.name == *name).cloned();
        found.ok_or_else(|| "there is no such [[destination]]".into())
    }

    /// Puts a document into the form of its destination, and tells what would be sent.
    pub(super) fn prepare(&self, folder: Folder, name: &RawText, paper: Box<Paper>) {
        let (found, net, answers) = (self.find(name), self.net.clone(), self.answers.clone());
        tokio::spawn(async move {
            let prepared = match found {
                Ok(destination) => {
                    net.read_for(&destination.endpoint).await;
                    send::outgoing(&destination, &paper, net.vault().mask()).map(Box::new)
                }
                Err(why) => Err(why),
            };
            drop(answers.send(Msg::Prepared(folder, prepared)).await);
        });
    }

    /// Sends what a person has agreed to, once, and tells what came of it.
    pub(super) fn send(&self, folder: Folder, agreed: Box<Confirmed<Outgoing>>) {
        let found = self.find(&agreed.of().destination);
        let (net, answers) = (self.net.clone(), self.answers.clone());
        tokio::spawn(async move {
            let delivery = match found {
                Ok(destination) => send::deliver(&net, &destination, &agreed).await,
                Err(why) => {
                    let why = RawText::from(why.as_str());
                    Delivery::Refused(Failure::new(FailureKind::Forbidden, why))
                }
            };
            drop(answers.send(Msg::Sent(folder, Box::new(agreed.of().clone()), delivery)).await);
        });
    }
}
