//! What is about to be sent, whole, with the letter that agrees to it.

use jiff::Timestamp;
use ratatui::layout::Rect;

use crate::action::confirm::{Answer, Confirm, Confirmed};
use crate::command::table::Id;
use crate::config::theme::Meaning;
use crate::model::note::Folder;
use crate::model::outgoing::Outgoing;
use crate::model::text::{RawText, SafeText, clean};
use crate::pane::view::View;
use crate::safe;
use crate::ui::canvas::Canvas;
use crate::ui::pager::{Pager, Paragraph};

/// Something that waits for the person to agree.
pub struct Proposal {
    confirm: Confirm<Outgoing>,
    folder: Folder,
    environment: Option<RawText>,
    pager: Pager,
}

/// What came of a key.
pub enum Said {
    /// It is agreed to.
    Agreed(Folder, Box<Confirmed<Outgoing>>),
    /// The right key, before anybody can have read it.
    TooSoon(Box<Proposal>),
    /// Another key.
    Other(Box<Proposal>),
}

impl Proposal {
    /// Proposes to send this. `chance` is a number that nobody can know before.
    pub fn new(outgoing: Outgoing, folder: Folder, environment: Option<RawText>, chance: u64) -> Self {
        Self { confirm: Confirm::new(outgoing, chance), folder, environment, pager: Pager::default() }
    }

    /// It is painted now.
    pub fn painted(&mut self, now: Timestamp) {
        self.confirm.painted(now);
    }

    /// Takes a character.
    pub fn key(self, key: char, now: Timestamp) -> Said {
        let Self { confirm, folder, environment, pager } = self;
        let (confirm, is_soon) = match confirm.key(key, now) {
            Answer::Yes(agreed) => return Said::Agreed(folder, Box::new(agreed)),
            Answer::TooSoon(confirm) => (confirm, true),
            Answer::Other(confirm) => (confirm, false),
        };
        let proposal = Box::new(Self { confirm, folder, environment, pager });
        if is_soon { Said::TooSoon(proposal) } else { Said::Other(proposal) }
    }

    /// Scrolls; other commands mean nothing here.
    pub fn run(&mut self, id: Id, view: &View<'_>, area: Rect) {
        let page = self.paragraphs(view);
        self.pager.run(id, &page, body(area), view.ascii);
    }

    /// Draws it over `area`.
    pub fn draw(&self, view: &View<'_>, area: Rect, canvas: &mut Canvas<'_>) {
        canvas.fill(area, view.styles.of(Meaning::Overlay));
        let letter = clean(&RawText::from(self.confirm.letter().to_string()));
        let heading = safe!("{} sends this, Esc does not", letter);
        canvas.text(area.x, area.y, area.width, &heading, view.styles.of(Meaning::Dangerous));
        canvas.head(&heading);
        self.pager.draw(canvas, body(area), &self.paragraphs(view), true);
    }

    fn paragraphs(&self, view: &View<'_>) -> Vec<Paragraph> {
        let outgoing = self.confirm.proposed();
        let (plain, muted) = (view.styles.of(Meaning::Overlay), view.styles.of(Meaning::Muted));
        let environment = self.environment.as_ref().map_or_else(|| "not said".into(), clean);
        let incident = match self.folder.incident() {
            Some(id) => clean(&RawText::from(id.as_str())),
            None => "none: the shift".into(),
        };
        let what = SafeText::literal(outgoing.document);
        let mut all = vec![
            Paragraph::new(safe!("to           {}, {}", clean(&outgoing.destination), outgoing.place), plain),
            Paragraph::new(safe!("what         {} of {}", what, incident), plain),
            Paragraph::new(
                safe!("environment  {}", environment),
                view.environment_style(self.environment.as_ref()),
            ),
            Paragraph::new(safe!("title        {}", outgoing.title), plain),
        ];
        let warning = view.styles.of(Meaning::Warning);
        all.extend(
            outgoing.remarks.iter().map(|remark| Paragraph::new(safe!("note         {}", remark), warning)),
        );
        all.push(Paragraph::new(SafeText::default(), muted));
        all.extend(outgoing.shown.iter().map(|line| Paragraph::new(line.clone(), plain)));
        all
    }
}

fn body(area: Rect) -> Rect {
    Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area }
}
