//! What the labels of an alert say by convention, the same for all vendors that have labels.

use std::collections::BTreeMap;

use crate::model::alert::Severity;
use crate::model::text::RawText;

/// Labels as JSON has them.
pub(super) type Labels = BTreeMap<String, String>;

/// The alert's name: the label `alertname`.
pub(super) fn name(labels: &Labels) -> RawText {
    labels.get("alertname").map_or_else(|| "(no alertname)".into(), |name| name.as_str().into())
}

/// How bad, by the label `severity`: a convention, not a schema.
pub(super) fn severity(labels: &Labels) -> Severity {
    let word = labels.get("severity").map(|word| word.to_ascii_lowercase()).unwrap_or_default();
    match word.as_str() {
        "critical" | "page" | "p1" | "disaster" | "emergency" => Severity::Critical,
        "error" | "high" | "major" | "p2" => Severity::Error,
        "warning" | "warn" | "minor" | "p3" => Severity::Warning,
        "info" | "none" | "p4" | "p5" | "debug" => Severity::Info,
        _ => Severity::Unknown,
    }
}

/// Identity of a label set: FNV-1a over the sorted pairs, as Prometheus and Alertmanager compute it.
///
/// `prometheus/common`, `model/signature.go`: each name and value is followed by the byte 0xff.
pub(super) fn identity(labels: &Labels) -> RawText {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    let mut add = |byte: u8| hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    for (name, value) in labels {
        name.bytes().for_each(&mut add);
        add(0xff);
        value.bytes().for_each(&mut add);
        add(0xff);
    }
    format!("{hash:016x}").into()
}

/// The same as the model keeps them.
pub(super) fn raw(labels: &Labels) -> BTreeMap<RawText, RawText> {
    labels.iter().map(|(name, value)| (name.as_str().into(), value.as_str().into())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identities_are_those_of_alertmanager() {
        // Alertmanager 0.25.0 said this fingerprint of these labels.
        let labels = [("alertname", "ClusterDown"), ("cluster", "eu-2"), ("severity", "critical")];
        let labels = labels.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(identity(&Labels::from(labels)), "0350ba901f33f9c1".into());
    }

    #[test]
    fn severities_are_words_of_many_houses() {
        let of = |word: &str| severity(&Labels::from([("severity".to_owned(), word.to_owned())]));
        assert_eq!(of("CRITICAL"), Severity::Critical);
        assert_eq!(of("page"), Severity::Critical);
        assert_eq!(of("major"), Severity::Error);
        assert_eq!(of("p3"), Severity::Warning);
        assert_eq!(of("none"), Severity::Info);
        assert_eq!(of("tuesday"), Severity::Unknown);
        assert_eq!(severity(&Labels::new()), Severity::Unknown);
    }
}
