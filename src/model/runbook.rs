//! Runbooks: where one may be, and what came of looking for it.

use crate::model::health::Failure;
use crate::model::text::RawText;

/// The most bytes of a runbook that are read.
pub const MOST: usize = 512 << 10;

/// Where the runbook of something may be.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Lead {
    /// In a file named like this in one of the configured folders.
    Named(RawText),
    /// At this path or URL, says the configuration.
    Configured(RawText),
    /// At this URL, says an alert: whoever writes its annotations chose it.
    Annotated(RawText),
}

/// Where a runbook was found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Found {
    /// In this file.
    File(RawText),
    /// At this URL.
    Url(RawText),
}

impl Found {
    /// The path or URL.
    pub fn place(&self) -> &RawText {
        let (Self::File(place) | Self::Url(place)) = self;
        place
    }

    /// The URL, if it is one.
    pub fn url(&self) -> Option<&RawText> {
        match self {
            Self::Url(url) => Some(url),
            Self::File(_) => None,
        }
    }
}

/// What came of looking for a runbook.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    /// Its text, of [`MOST`] bytes at most, and whether it was longer.
    Text {
        /// Where it was found.
        found: Found,
        /// What it says.
        text: RawText,
        /// It was longer.
        is_cut: bool,
    },
    /// It is a page for a browser.
    Page(Found),
    /// It could not be had from there.
    Failed(Found, Failure),
    /// It is nowhere.
    Nowhere,
}

/// The same file as text where a URL is that of a page of a forge that shows it.
pub fn raw_form(url: &str) -> Option<String> {
    let (before, rest) = url.split_once("://")?;
    let (host, path) = rest.split_once('/')?;
    let path = path.split(['#', '?']).next().unwrap_or_default();
    let parts: Vec<&str> = path.split('/').collect();
    if host.eq_ignore_ascii_case("github.com") {
        let [owner, repo, "blob", rest @ ..] = parts.as_slice() else { return None };
        let is_file = rest.len() >= 2;
        return is_file
            .then(|| format!("https://raw.githubusercontent.com/{owner}/{repo}/{}", rest.join("/")));
    }
    // GitLab: /group/project/-/blob/ref/path.
    if path.contains("/-/blob/") {
        return Some(format!("{before}://{host}/{}", path.replacen("/-/blob/", "/-/raw/", 1)));
    }
    // Forgejo and Gitea: /owner/repo/src/branch/ref/path.
    let [owner, repo, "src", kind @ ("branch" | "tag" | "commit"), rest @ ..] = parts.as_slice() else {
        return None;
    };
    Some(format!("{before}://{host}/{owner}/{repo}/raw/{kind}/{}", rest.join("/")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_forges_have_their_file_as_text_elsewhere() {
        for (page, raw) in [
            (
                "https://github.com/shop/ops/blob/main/runbooks/High%20Rate.md#steps",
                "https://raw.githubusercontent.com/shop/ops/main/runbooks/High%20Rate.md",
            ),
            (
                "https://gitlab.example/shop/ops/-/blob/main/x.md?ref_type=heads",
                "https://gitlab.example/shop/ops/-/raw/main/x.md",
            ),
            (
                "https://git.example/shop/ops/src/branch/main/x.md",
                "https://git.example/shop/ops/raw/branch/main/x.md",
            ),
        ] {
            assert_eq!(raw_form(page).as_deref(), Some(raw), "{page}");
        }
        for other in [
            "https://github.com/shop/ops",
            "https://github.com/shop/ops/blob/main",
            "https://github.com.evil.test/shop/ops/blob/main/x.md",
            "https://wiki.example/HighErrorRate",
            "nonsense",
        ] {
            assert_eq!(raw_form(other), None, "{other}");
        }
    }
}
