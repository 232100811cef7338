//! What a pane can see: "live", how old, or which sources are blind. A broken source never looks green.

use jiff::{SignedDuration, Timestamp};
use ratatui::layout::Rect;

use crate::config::theme::Meaning;
use crate::model::health::Health;
use crate::model::run::KNOWN_FOR;
use crate::model::text::{SafeText, clean};
use crate::model::update::Gives;
use crate::model::world::Source;
use crate::pane::view::View;
use crate::safe;
use crate::ui::canvas::Canvas;
use crate::ui::pager::Paragraph;
use crate::ui::time::age;

/// By so little what is looked at may be older than what sources keep, without a word.
const NEAR: SignedDuration = SignedDuration::from_mins(5);

/// The sources in scope that give this.
pub fn sources<'a>(view: &View<'a>, gives: Gives) -> impl Iterator<Item = &'a Source> {
    let view = *view;
    view.world.sources().filter(move |source| {
        source.info.gives.contains(&gives) && view.shows(source.info.environment.as_ref())
    })
}

/// One word or two for a pane's border: `live`, `ended`, `age 40s`, `loki blind`, `2 of 5 blind`.
pub fn word(view: &View<'_>, gives: Gives) -> (SafeText, Meaning) {
    let mut total = 0;
    let mut blind: Vec<&Source> = Vec::new();
    let (mut starting, mut partly, mut oldest) = (0, 0, SignedDuration::ZERO);
    let mut ended = 0;
    for source in sources(view, gives) {
        total += 1;
        match source.health(view.now) {
            Health::Failing(..) | Health::Crashed(_) => blind.push(source),
            Health::Starting => starting += 1,
            Health::Stale(age) => oldest = oldest.max(age),
            Health::Live => {
                partly += usize::from(source.condition.is_partly_blind());
                ended += usize::from(source.condition.ended);
            }
        }
    }
    match (blind.as_slice(), total) {
        (_, 0) => (SafeText::default(), Meaning::Muted),
        ([one], 1) => (safe!("{} blind", clean(&one.info.name)), Meaning::Critical),
        ([], _) if oldest > SignedDuration::ZERO => (safe!("age {}", age(oldest)), Meaning::Stale),
        ([], _) if partly > 0 => (safe!("{} of {} partly blind", partly, total), Meaning::Warning),
        ([], _) if starting == total => (SafeText::literal("starting"), Meaning::Muted),
        ([], _) if starting > 0 => (safe!("{} of {} starting", starting, total), Meaning::Muted),
        ([], _) if ended == total => (SafeText::literal("ended"), Meaning::Muted),
        ([], _) if ended > 0 => (safe!("{} of {} ended", ended, total), Meaning::Muted),
        ([], _) => (SafeText::literal("live"), Meaning::Muted),
        (blind, _) => (safe!("{} of {} blind", blind.len(), total), Meaning::Critical),
    }
}

/// Draws a pane's border: its title and filter above; below it what it can see, and news that waits
/// while the order is held.
pub fn border(
    view: &View<'_>,
    area: Rect,
    canvas: &mut Canvas<'_>,
    mut title: SafeText,
    gives: Gives,
    filter: &str,
    news: usize,
) {
    title.push(&filtered(filter));
    let (mut foot, meaning) = word(view, gives);
    if news > 0 {
        foot.push(&safe!("  {} came or went", news));
    }
    frame(view, area, canvas, &title, (&foot, meaning));
}

/// A filter as it stands in a border.
pub fn filtered(filter: &str) -> SafeText {
    if filter.is_empty() { SafeText::default() } else { safe!("  /{}", clean(&filter.into())) }
}

/// Draws the border of a pane, or of what stands in its place.
pub fn frame(
    view: &View<'_>,
    area: Rect,
    canvas: &mut Canvas<'_>,
    title: &SafeText,
    (foot, meaning): (&SafeText, Meaning),
) {
    let border = if view.focused { Meaning::BorderFocused } else { Meaning::Border };
    let styles = view.styles;
    canvas.border(area, (title, styles.of(Meaning::Title)), (foot, styles.of(meaning)), styles.of(border));
}

/// Why what is known of runs since this time may not be all, a text for each reason; none if it is all.
pub fn gaps(view: &View<'_>, from: Timestamp) -> Vec<SafeText> {
    let kept = view.now.checked_sub(KNOWN_FOR).unwrap_or(Timestamp::MIN);
    let early = kept.duration_since(from) > NEAR && sources(view, Gives::Runs).next().is_some();
    let early = early.then(|| safe!("no source knows runs before {}", view.zone.moment(kept, view.now)));
    early.into_iter().chain(unseen(view, &[Gives::Runs])).collect()
}

/// Why what the sources in scope of one of these tell may not be all that is so now.
pub fn unseen(view: &View<'_>, gives: &[Gives]) -> Vec<SafeText> {
    let gap = |source: &Source| {
        let name = clean(&source.info.name);
        match source.health(view.now) {
            Health::Live if !source.condition.is_partly_blind() => None,
            Health::Live => Some(safe!("{} in part", name)),
            Health::Starting => Some(safe!("{} still loading", name)),
            Health::Stale(old) => Some(safe!("{} {} old", name, age(old))),
            Health::Failing(_, since) => {
                Some(safe!("{} blind since {}", name, view.zone.moment(since, view.now)))
            }
            Health::Crashed(_) => Some(safe!("{} crashed", name)),
        }
    };
    let is_meant = |source: &&Source| {
        gives.iter().any(|gives| source.info.gives.contains(gives))
            && view.shows(source.info.environment.as_ref())
    };
    view.world.sources().filter(is_meant).filter_map(gap).collect()
}

/// `a; b; c`.
pub fn listed(texts: &[SafeText]) -> SafeText {
    let mut all = SafeText::default();
    for (index, text) in texts.iter().enumerate() {
        all.push(&safe!("{}{}", SafeText::literal(if index > 0 { "; " } else { "" }), text));
    }
    all
}

/// What stands in a pane whose filter hides every row.
pub fn no_match(view: &View<'_>) -> Vec<Paragraph> {
    vec![Paragraph::new("No row matches the filter. Esc shows all.", view.styles.of(Meaning::Muted))]
}

/// What stands in a pane whose rows a filter may hide.
pub fn nothing(view: &View<'_>, gives: Gives, well: &'static str, filter: &str) -> Vec<Paragraph> {
    if filter.is_empty() { empty(view, gives, well) } else { no_match(view) }
}

/// What stands in a pane without rows: how to configure a source, that all is well, or that nothing
/// can be seen. `well` is said only when every source in scope is live.
pub fn empty(view: &View<'_>, gives: Gives, well: &'static str) -> Vec<Paragraph> {
    let muted = view.styles.of(Meaning::Muted);
    let all: Vec<&Source> = sources(view, gives).collect();
    if all.is_empty() {
        let what = match gives {
            Gives::Logs => "No source gives log lines yet. Add one to your configuration, for example:",
            Gives::Runs => "No source gives runs yet. Add one to your configuration, for example:",
            Gives::Alerts => "No source gives alerts yet. Add one to your configuration, for example:",
            Gives::Metrics => "No source gives metrics yet. Add one to your configuration, for example:",
        };
        let mut lines = vec![Paragraph::new(what, view.styles.of(Meaning::Text))];
        let example = match gives {
            Gives::Logs => {
                ["[[source]]", "name = \"app\"", "kind = \"file\"   paths = [\"/var/log/app/*.log\"]"]
            }
            Gives::Alerts => {
                ["[[source]]", "name = \"am\"", "kind = \"alertmanager\"   url = \"http://localhost:9093\""]
            }
            Gives::Metrics => {
                ["[[source]]", "name = \"prom\"", "kind = \"prometheus\"   url = \"http://localhost:9090\""]
            }
            Gives::Runs => {
                ["[[source]]", "name = \"ci\"", "kind = \"github-actions\"   repos = [\"shop/checkout\"]"]
            }
        };
        lines.extend(example.map(|line| Paragraph::new(line, muted)));
        return lines;
    }
    let mut lines = Vec::new();
    for source in &all {
        let name = clean(&source.info.name);
        match source.health(view.now) {
            Health::Live => {}
            Health::Starting => lines.push(Paragraph::new(safe!("{}: nothing heard yet.", name), muted)),
            Health::Stale(old) => {
                let text = safe!("{}: last heard {} ago; what is missing here may exist.", name, age(old));
                lines.push(Paragraph::new(text, view.styles.of(Meaning::Stale)));
            }
            Health::Failing(failure, since) => {
                let old = age(view.now.duration_since(since));
                let text = safe!("Cannot see through {}: {} (for {}).", name, clean(&failure.what), old);
                lines.push(Paragraph::new(text, view.styles.of(Meaning::Critical)));
                lines.extend(failure.advice.iter().map(|advice| Paragraph::new(clean(advice), muted)));
            }
            Health::Crashed(count) => {
                let text = safe!("{} crashed ({} times) and is started again.", name, count);
                lines.push(Paragraph::new(text, view.styles.of(Meaning::Critical)));
            }
        }
    }
    if lines.is_empty() {
        let ended = all.iter().filter(|source| source.condition.ended).count();
        let live = all.len() - ended;
        let mut text = safe!("{} {} of {} sources live", SafeText::literal(well), live, all.len());
        text.push(&if ended > 0 { safe!(", {} ended.", ended) } else { safe!(".") });
        lines.push(Paragraph::new(text, view.styles.of(Meaning::Ok)));
    }
    lines
}
