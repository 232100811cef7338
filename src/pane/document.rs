//! A document of an incident or of the shift in a pane's place, in each form that it can be written in.

use ratatui::layout::Rect;

use crate::command::table::Id;
use crate::config::theme::Meaning;
use crate::incident::document::Document as Tree;
use crate::incident::templates::Template;
use crate::incident::write::{Format, write};
use crate::model::text::{RawText, SafeText};
use crate::model::told::EntryName;
use crate::pane::coverage;
use crate::pane::effect::Outcome;
use crate::pane::view::View;
use crate::safe;
use crate::ui::canvas::{Canvas, inside};
use crate::ui::document::{Block, Document, Kind};
use crate::ui::list::List;
use crate::ui::markdown;
use crate::ui::reader::Reader;

/// The forms in the order in which they are turned to.
const FORMS: [Format; 4] = [Format::Gfm, Format::Slack, Format::Jira, Format::Plain];

/// What is shown.
pub struct DocumentView {
    template: Template,
    title: SafeText,
    /// What the person should do about it.
    hint: SafeText,
    /// What is missing in it, a sentence each.
    missing: Vec<SafeText>,
    /// What its forms are made of, each when it is turned to; nothing where there is one alone.
    tree: Option<Tree>,
    form: usize,
    /// Its lines in that form.
    lines: Vec<SafeText>,
    /// The hand-over that it is, if somebody gave it.
    hand_over: Option<EntryName>,
    reader: Reader,
}

impl DocumentView {
    /// A document, with what is missing in it.
    pub fn new(
        template: Template,
        title: SafeText,
        hint: SafeText,
        document: &Tree,
        missing: Vec<SafeText>,
    ) -> Self {
        Self::showing(template, title, hint, missing, Some(document.clone()), Vec::new())
    }

    /// A hand-over that was given, in Markdown.
    pub fn given(name: EntryName, title: SafeText, hint: SafeText, lines: Vec<SafeText>) -> Self {
        let view = Self::showing(Template::Handoff, title, hint, Vec::new(), None, lines);
        Self { hand_over: Some(name), ..view }
    }

    fn showing(
        template: Template,
        title: SafeText,
        hint: SafeText,
        missing: Vec<SafeText>,
        tree: Option<Tree>,
        lines: Vec<SafeText>,
    ) -> Self {
        let (form, hand_over, reader) = (0, None, Reader::default());
        let mut view = Self { template, title, hint, missing, tree, form, lines, hand_over, reader };
        view.write();
        view
    }

    /// The hand-over that it is, if somebody gave it.
    pub fn hand_over(&self) -> Option<&EntryName> {
        self.hand_over.as_ref()
    }

    /// Which document it is.
    pub fn template(&self) -> Template {
        self.template
    }

    /// How the name of a file in the form that is shown ends.
    pub fn ending(&self) -> &'static str {
        if self.form() == Format::Gfm { "md" } else { "txt" }
    }

    /// Its lines in the form that is shown.
    pub fn lines(&self) -> &[SafeText] {
        &self.lines
    }

    /// Its text in that form, as it is written to a file.
    pub fn text(&self) -> RawText {
        RawText::from(joined(self.lines()).as_str())
    }

    fn form(&self) -> Format {
        FORMS.get(self.form).copied().unwrap_or(Format::Gfm)
    }

    /// Markdown is shown as it will look, what is for others as it will be pasted.
    fn write(&mut self) {
        if let Some(tree) = &self.tree {
            self.lines = write(tree, self.form());
        }
        let mut document = Document::default();
        if !self.missing.is_empty() {
            document.heading(3, "Missing before it goes out");
            for missing in &self.missing {
                let item = Block {
                    first: "- ".into(),
                    rest: "  ".into(),
                    ..Block::new(Kind::Text, missing.clone())
                };
                document.push(item);
            }
            document.push(Block::new(Kind::Rule, ""));
        }
        if self.form() == Format::Gfm {
            let read = markdown::parse(&RawText::from(joined(self.lines()).as_str()));
            read.blocks
                .into_iter()
                .for_each(|block| document.push(Block { begins: None, step: None, ..block }));
        } else {
            for line in self.lines() {
                document.push(Block::new(Kind::Code(0), line.clone()));
            }
        }
        self.reader.put(document);
    }

    /// Its rows.
    pub fn list(&self) -> &List<(usize, usize), impl Sized> {
        self.reader.list()
    }

    /// Learns where it stands.
    pub fn fit(&mut self, area: Rect, ascii: bool) {
        self.reader.fit(inside(area), ascii);
    }

    /// Filters the rows; an empty text shows all.
    pub fn filter(&mut self, text: &str) {
        self.reader.filter(text);
    }

    /// Takes the filter back; false if there is none.
    pub fn back(&mut self) -> bool {
        self.reader.back()
    }

    /// Does what a command says.
    pub fn run(&mut self, id: Id) -> Outcome {
        match id {
            Id::NextTab => self.turn(1),
            Id::PreviousTab => self.turn(FORMS.len() - 1),
            Id::CopyRow => {
                let what = safe!("the document for {}", SafeText::literal(name(self.form())));
                return Outcome::copy(what, self.lines().to_vec());
            }
            _ => {
                self.reader.run(id);
            }
        }
        Outcome::default()
    }

    fn turn(&mut self, by: usize) {
        if self.tree.is_some() {
            self.form = (self.form + by) % FORMS.len();
            self.write();
        }
    }

    /// Draws the view.
    pub fn draw(&self, view: &View<'_>, area: Rect, canvas: &mut Canvas<'_>) {
        canvas.fill(area, view.styles.of(Meaning::Text));
        let mut title = self.title.clone();
        if self.tree.is_some() {
            title.push(&safe!("  for {}", SafeText::literal(name(self.form()))));
        }
        title.push(&coverage::filtered(self.list().filter()));
        let foot = match self.missing.len() {
            0 => (self.hint.clone(), Meaning::Muted),
            count => (safe!("{} missing  {}", count, self.hint), Meaning::Warning),
        };
        coverage::frame(view, area, canvas, &title, (&foot.0, foot.1));
        self.reader.draw(canvas, inside(area), view.styles, view.marking(), |_| false);
    }
}

/// What a form is for.
fn name(form: Format) -> &'static str {
    match form {
        Format::Gfm => "GitHub, GitLab, Mattermost",
        Format::Slack => "Slack",
        Format::Jira => "Jira, Confluence",
        Format::Plain => "plain text",
    }
}

fn joined(lines: &[SafeText]) -> String {
    lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect()
}
