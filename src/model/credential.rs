//! How credentials stand: when they end, who depends on them, and whether a person can renew them.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::model::text::RawText;

/// An end that is nearer than this is told.
const NEAR: SignedDuration = SignedDuration::from_mins(10);

/// A credential as declared, without anything secret.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CredentialInfo {
    /// Its name.
    pub name: RawText,
    /// Whether `:login` can renew it.
    pub login: bool,
    /// The sources that use it.
    pub sources: Vec<RawText>,
}

/// What is known of a credential that was looked for.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Standing {
    /// When what is held ends, if it says so.
    pub expires: Option<Timestamp>,
    /// Whether it is renewed by itself, as far as is known.
    pub renews: bool,
}

/// How each credential stands, by its name.
pub type Standings = BTreeMap<RawText, Standing>;

/// All credentials of a console.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Credentials {
    declared: Vec<CredentialInfo>,
    standings: Standings,
}

impl Credentials {
    /// Those declared; nothing is known of them yet.
    pub fn new(declared: Vec<CredentialInfo>) -> Self {
        Self { declared, standings: Standings::default() }
    }

    /// Takes how they stand now.
    pub fn stand(&mut self, standings: Standings) {
        self.standings = standings;
    }

    /// The one of this name.
    pub fn get(&self, name: &RawText) -> Option<&CredentialInfo> {
        self.declared.iter().find(|info| info.name == *name)
    }

    /// Those that `:login` can renew.
    pub fn logins(&self) -> impl Iterator<Item = &CredentialInfo> {
        self.declared.iter().filter(|info| info.login)
    }

    /// Those that have ended or end soon and are not renewed by themselves, the first to end first.
    pub fn ending(&self, now: Timestamp) -> Vec<(&CredentialInfo, Timestamp)> {
        let ends = |info: &&CredentialInfo| Some((self.standings.get(&info.name)?, self.end(info)?));
        let told = |info: &&CredentialInfo| {
            ends(info).is_some_and(|(standing, at)| at <= now || (!standing.renews && told_from(at) <= now))
        };
        let ending = self.declared.iter().filter(told).filter_map(|info| Some((info, self.end(info)?)));
        let mut ending: Vec<_> = ending.collect();
        ending.sort_by_key(|(_, at)| *at);
        ending
    }

    /// When what [`ending`](Self::ending) gives changes next by itself.
    pub fn next_change(&self, now: Timestamp) -> Option<Timestamp> {
        let ends = self.declared.iter().filter_map(|info| self.end(info));
        ends.flat_map(|at| [told_from(at), at]).filter(|at| *at > now).min()
    }

    fn end(&self, info: &CredentialInfo) -> Option<Timestamp> {
        self.standings.get(&info.name)?.expires
    }
}

fn told_from(end: Timestamp) -> Timestamp {
    end.checked_sub(NEAR).unwrap_or(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(1_772_334_000 + minute * 60).unwrap()
    }

    fn credentials(standings: &[(&'static str, i64, bool)]) -> Credentials {
        let info = |name: &'static str| CredentialInfo { name: name.into(), ..CredentialInfo::default() };
        let mut credentials = Credentials::new(standings.iter().map(|(name, ..)| info(name)).collect());
        let standing = |(name, minute, renews): &(&'static str, i64, bool)| {
            ((*name).into(), Standing { expires: Some(at(*minute)), renews: *renews })
        };
        credentials.stand(standings.iter().map(standing).collect());
        credentials
    }

    fn ending(credentials: &Credentials, minute: i64) -> Vec<&str> {
        credentials.ending(at(minute)).iter().map(|(info, _)| info.name.as_str().unwrap()).collect()
    }

    #[test]
    fn an_end_is_told_ten_minutes_before_unless_it_is_put_off_by_itself() {
        let credentials = credentials(&[("late", 60, false), ("own", 30, true), ("soon", 30, false)]);
        assert_eq!(ending(&credentials, 19), [""; 0]);
        assert_eq!(credentials.next_change(at(19)), Some(at(20)));
        assert_eq!(ending(&credentials, 20), ["soon"]);
        assert_eq!(ending(&credentials, 30), ["own", "soon"], "it was to be renewed, and was not");
        assert_eq!(ending(&credentials, 50), ["own", "soon", "late"]);
        assert_eq!(credentials.next_change(at(60)), None);
    }
}
