//! Deployments beside runs: which are shown, and which of them a run tells already.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::pages::BACK;
use crate::model::text::RawText;

/// A deployment, whoever keeps it.
pub(super) trait Deploys {
    /// Where it goes.
    fn environment(&self) -> &str;
    /// Whether that is a place that stays, so that the last deployment there is shown.
    fn is_lasting(&self) -> bool {
        true
    }
    fn created(&self) -> Timestamp;
    /// The run that deploys.
    fn run(&self) -> Option<u64>;
}

/// Those of the last day, and the last one into each environment.
///
/// A run that deploys to one place is that deployment; one that deploys to several has a row for each.
pub(super) struct Deployments<'a, D> {
    pub(super) shown: Vec<&'a D>,
    places: BTreeMap<u64, BTreeSet<&'a str>>,
}

impl<'a, D: Deploys> Deployments<'a, D> {
    pub(super) fn new(newest_first: impl Iterator<Item = &'a D>, now: Timestamp) -> Self {
        let mut seen = BTreeSet::new();
        let is_shown = |deployment: &&'a D| {
            let is_last = deployment.is_lasting() && seen.insert(deployment.environment());
            is_last || now.duration_since(deployment.created()) <= BACK
        };
        let shown: Vec<&D> = newest_first.filter(is_shown).collect();
        let mut places: BTreeMap<u64, BTreeSet<&str>> = BTreeMap::new();
        for deployment in &shown {
            if let Some(run) = deployment.run() {
                places.entry(run).or_default().insert(deployment.environment());
            }
        }
        Self { shown, places }
    }

    /// The one place to which this run deploys.
    pub(super) fn place(&self, run: u64) -> Option<RawText> {
        let places = self.places.get(&run).filter(|places| places.len() == 1)?;
        places.first().map(|place| RawText::from(*place))
    }

    /// Those with a row of their own, because no run that is known tells them.
    pub(super) fn own(&self, knows: impl Fn(u64) -> bool) -> impl Iterator<Item = &'a D> {
        let is_told =
            move |deployment: &D| deployment.run().is_some_and(|run| self.place(run).is_some() && knows(run));
        self.shown.iter().copied().filter(move |deployment| !is_told(deployment))
    }
}
