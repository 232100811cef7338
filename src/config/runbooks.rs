//! `[runbooks]`: where runbooks are, and how the servers that have them are asked.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};

use super::endpoint::{self, Endpoint};
use super::origin::ConfigError;
use super::settings;
use super::sources::Named;
use super::table::Value;
use crate::model::text::RawText;

/// Where runbooks are.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Runbooks {
    /// Folders with a Markdown file for each alert, the first wins.
    pub dirs: Vec<PathBuf>,
    /// The file or URL of an alert, service or host by its name.
    pub map: Vec<(RawText, RawText)>,
    /// Servers that are asked in a way of their own.
    pub sites: Vec<Endpoint>,
    /// Texts by their URLs that are there already, such as those of the built-in outage: not asked for.
    pub held: BTreeMap<RawText, RawText>,
}

impl Runbooks {
    /// The file or URL that is configured for this name; names compare without case.
    pub fn mapped(&self, name: &RawText) -> Option<&RawText> {
        let is_it = |known: &RawText| known.as_bytes().eq_ignore_ascii_case(name.as_bytes());
        self.map.iter().find(|(known, _)| is_it(known)).map(|(_, place)| place)
    }
}

/// The keys as written; `site` is read by itself.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    /// Folders with a Markdown file for each alert, named like it: `HighErrorRate.md` or
    /// `high-error-rate.md`, in folders below too. The first folder that has one wins.
    #[serde(default)]
    dirs: Vec<settings::Place>,
    /// The file or URL of an alert, service or host by its name, before all others.
    #[serde(default)]
    map: BTreeMap<String, Place>,
}

/// A file that does not depend on where midwatch is started, or a URL.
pub(super) enum Place {
    File(settings::Place),
    Url(String),
}

impl Place {
    /// The path or URL; `None` where it is in a home that is not known.
    pub(super) fn text(&self, home: Option<&Path>) -> Option<RawText> {
        match self {
            Self::File(place) => Some(RawText::from_bytes(place.under(home)?.as_os_str().as_encoded_bytes())),
            Self::Url(url) => Some(url.as_str().into()),
        }
    }
}

impl<'de> Deserialize<'de> for Place {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'_, str>::deserialize(deserializer)?;
        if let Some((scheme, _)) = text.split_once("://") {
            let url = url::Url::parse(&text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
            return match url {
                Some(url) if url.username().is_empty() && url.password().is_none() => {
                    Ok(Self::Url(text.into_owned()))
                }
                Some(_) => Err(de::Error::custom("a user is not written here; see [[runbooks.site]]")),
                None => Err(de::Error::custom(format!("`{scheme}:` is not known; write https: or http:"))),
            };
        }
        let file = settings::Place::deserialize(de::value::StrDeserializer::<D::Error>::new(&text));
        file.map(Self::File).map_err(|_| {
            de::Error::custom(format!("`{text}` is no place; write /path, ~/path or https://..."))
        })
    }
}

impl JsonSchema for Place {
    fn schema_name() -> Cow<'static, str> {
        "RunbookPlace".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^(/|~/|https?://)" })
    }
}

/// Reads the `[runbooks]` table.
pub(super) fn read(
    value: Option<&Value>,
    named: &Named<'_>,
    home: Option<&Path>,
    errors: &mut Vec<ConfigError>,
) -> Runbooks {
    let Some(value) = value else { return Runbooks::default() };
    let Some(mut table) = value.as_table().cloned() else {
        let error = ConfigError::new(&value.origin, "`runbooks`: a table is needed");
        errors.push(error.help("write [runbooks] with dirs = [\"~/runbooks\"]"));
        return Runbooks::default();
    };
    let mut sites = Vec::new();
    for site in super::tables(&mut table, "site", errors) {
        named.check(&site, errors);
        sites.extend(endpoint::read(&site, None, home, errors));
    }
    let written = match table.parse::<Written>() {
        Ok(written) => written,
        Err(found) => {
            errors.extend(found);
            return Runbooks::default();
        }
    };
    let dirs: Vec<PathBuf> = written.dirs.iter().filter_map(|place| place.under(home)).collect();
    let map: Vec<_> = written
        .map
        .iter()
        .filter_map(|(name, place)| Some((name.as_str().into(), place.text(home)?)))
        .collect();
    if dirs.len() < written.dirs.len() || map.len() < written.map.len() {
        let what = "the home directory is not known; write the path from /";
        errors.push(table.error("dirs", what));
    }
    Runbooks { dirs, map, sites, ..Runbooks::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::table;

    fn read(text: &str) -> Result<Runbooks, Vec<String>> {
        let mut top = table::read(&"c".into(), text).unwrap();
        let runbooks = top.take("runbooks").map(|entry| entry.value);
        let mut errors = Vec::new();
        let read =
            super::read(runbooks.as_ref(), &Named::default(), Some(Path::new("/home/kim")), &mut errors);
        let lines = |error: &ConfigError| error.lines();
        let lines: Vec<_> = errors.iter().flat_map(lines).map(|line| line.as_str().to_owned()).collect();
        if lines.is_empty() { Ok(read) } else { Err(lines) }
    }

    #[test]
    fn folders_names_and_sites_are_read() {
        let text = "[runbooks]\ndirs = ['~/runbooks', '/srv/books']\nmap = { DiskFull = '~/disk.md', Certs = 'https://wiki.example/certs' }\n[[runbooks.site]]\nurl = 'https://git.example/ops'\ncredential = 'git'";
        let read = read(text).unwrap();
        assert_eq!(read.dirs, [PathBuf::from("/home/kim/runbooks"), "/srv/books".into()]);
        assert_eq!(read.mapped(&"diskfull".into()), Some(&"/home/kim/disk.md".into()));
        assert_eq!(read.mapped(&"Certs".into()), Some(&"https://wiki.example/certs".into()));
        assert_eq!(read.mapped(&"Cert".into()), None);
        assert_eq!(read.sites.first().and_then(|site| site.credential.as_deref()), Some("git"));
    }

    #[test]
    fn mistakes_have_their_place() {
        let text = "[runbooks]\ndir = ['/a']\nmap = { A = 'ftp://x/y', B = 'x.md', C = 'https://kim:pw@x/' }\n[[runbooks.site]]\nurl = 'http://wiki.example'";
        let lines = read(text).unwrap_err();
        let all = lines.join("\n");
        for line in [
            "c:5:7: `url`: everybody on the way can read http; write https, or allow_plaintext = true",
            "c:2:1: there is no key `dir` here (did you mean `dirs`?)",
            "c:3:13: `A`: `ftp:` is not known; write https: or http:",
            "c:3:30: `B`: `x.md` is no place; write /path, ~/path or https://...",
            "c:3:42: `C`: a user is not written here; see [[runbooks.site]]",
        ] {
            assert!(lines.iter().any(|known| known == line), "{line}\n{all}");
        }
        assert!(!all.contains("pw"), "{all}");
        assert_eq!(read("runbooks = 3").unwrap_err()[0], "c:1:12: `runbooks`: a table is needed");
    }
}
