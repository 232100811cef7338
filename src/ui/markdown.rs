//! Markdown as a [`Document`]. What it holds is from outside: it is cleaned like all other text, bounded, and only
//! ever shown.

use pulldown_cmark::{CodeBlockKind, CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use crate::model::text::{Ink, RawText, SafeText, clean_block};
use crate::safe;
use crate::ui::document::{Block, Document, Kind, Step};

/// More blocks are more than anybody reads; what is left out is told.
const MOST_BLOCKS: usize = 10_000;
/// Lists and quotes in each other that are drawn as such.
const DEEPEST: usize = 8;
/// And that are kept in mind: what is deeper stands where these stand.
const MOST_CONTAINERS: usize = 64;
/// Cells of a row of a table.
const MOST_CELLS: usize = 24;
/// Columns of what a step says where it is told elsewhere.
const STEP: usize = 160;

const BOLD: Ink = Ink {
    bold: true,
    underline: false,
    reverse: false,
    marker: false,
    escape: false,
    colour: None,
    background: None,
};
const UNDERLINED: Ink = Ink { bold: false, underline: true, ..BOLD };

/// Reads Markdown: `CommonMark` with the tables, task lists and strike-through of GitHub. Front matter is left out.
pub fn parse(text: &RawText) -> Document {
    let text = String::from_utf8_lossy(text.as_bytes());
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS;
    let mut maker = Maker::default();
    for event in Parser::new_ext(&text, options) {
        if maker.document.blocks.len() >= MOST_BLOCKS {
            let left_out = safe!("What comes after {} parts is left out.", MOST_BLOCKS);
            maker.document.push(Block::new(Kind::Wrong, left_out));
            break;
        }
        maker.take(event);
    }
    maker.end_text(Kind::Text);
    maker.document
}

/// What text stands in.
enum Container {
    Quote,
    /// A list, with the number of its next item.
    List(Option<u64>),
    Item(Item),
}

struct Item {
    /// What stands before its text, until that has been written.
    sign: Option<String>,
    width: usize,
    step: Option<usize>,
    /// Whether its step has its box already.
    has_box: bool,
}

#[derive(Default)]
struct Maker {
    document: Document,
    containers: Vec<Container>,
    /// How many more are open in the last of them.
    deeper: usize,
    /// The text of the block that is being read.
    text: SafeText,
    links: Vec<SafeText>,
    /// The links that are open: where each leads, and how much text was there before it.
    open: Vec<(String, usize)>,
    strong: usize,
    emphasis: usize,
    /// The code, HTML or front matter that is being read.
    code: Option<String>,
    /// A gap is wanted before the next block, since so many quotes were open.
    gap: Option<usize>,
    codes: usize,
    tables: usize,
    in_cell: bool,
    /// The cells of the row that is being read.
    cells: Vec<SafeText>,
    /// The links of that row.
    row_links: Vec<SafeText>,
}

impl Maker {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Code(code) | Event::InlineMath(code) | Event::DisplayMath(code) => {
                self.push(&safe!("`{}`", line(&code)));
            }
            Event::Html(text) => match &mut self.code {
                Some(open) => open.push_str(&text),
                None => self.say(&text),
            },
            // A page would break the line there.
            Event::InlineHtml(tag) if is_break(&tag) => self.break_line(),
            Event::Text(text) | Event::InlineHtml(text) | Event::FootnoteReference(text) => self.say(&text),
            Event::SoftBreak => self.push(&SafeText::literal(" ")),
            Event::HardBreak => self.break_line(),
            Event::Rule => {
                self.end_text(Kind::Text);
                self.put(Kind::Rule, vec![SafeText::default()], Vec::new());
            }
            Event::TaskListMarker(is_done) => {
                let step = self.step(is_done);
                if let Some(Container::Item(item)) = self.containers.last_mut() {
                    item.step.get_or_insert(step);
                }
            }
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Strong => self.strong += 1,
            Tag::Emphasis => self.emphasis += 1,
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => {
                self.open.push((dest_url.into_string(), self.text.as_str().len()));
            }
            Tag::Strikethrough => self.push(&SafeText::literal("~~")),
            Tag::TableCell => self.in_cell = true,
            tag => {
                self.end_text(Kind::Text);
                self.begin_block(tag);
            }
        }
    }

    fn begin_block(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::BlockQuote(_) => self.open_container(Container::Quote),
            Tag::List(number) => self.open_container(Container::List(number)),
            Tag::Item => {
                let mut step = None;
                let sign = match self.containers.last_mut() {
                    Some(Container::List(Some(number))) => {
                        let sign = format!("{number}. ");
                        *number = number.saturating_add(1);
                        step = Some(self.step(false));
                        sign
                    }
                    _ => "- ".to_owned(),
                };
                let width = sign.len();
                self.open_container(Container::Item(Item { sign: Some(sign), width, step, has_box: false }));
            }
            Tag::CodeBlock(kind) => {
                self.code = Some(String::new());
                if let CodeBlockKind::Fenced(language) = kind
                    && !language.is_empty()
                {
                    self.separate();
                    self.put(Kind::Aside, vec![line(&language)], Vec::new());
                }
            }
            Tag::HtmlBlock | Tag::MetadataBlock(_) => self.code = Some(String::new()),
            Tag::TableHead | Tag::TableRow => {
                self.cells.clear();
                self.row_links.clear();
            }
            _ => {}
        }
    }

    fn open_container(&mut self, container: Container) {
        if self.containers.len() < MOST_CONTAINERS {
            self.containers.push(container);
        } else {
            self.deeper += 1;
        }
    }

    fn close_container(&mut self) {
        if self.deeper > 0 {
            self.deeper -= 1;
        } else {
            self.containers.pop();
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Strong => self.strong = self.strong.saturating_sub(1),
            TagEnd::Emphasis => self.emphasis = self.emphasis.saturating_sub(1),
            TagEnd::Link => self.end_link(""),
            TagEnd::Image => self.end_link("image: "),
            TagEnd::Strikethrough => self.push(&SafeText::literal("~~")),
            TagEnd::Paragraph => {
                self.end_text(Kind::Text);
                self.gap();
            }
            TagEnd::Heading(level) => {
                self.gap();
                self.end_text(Kind::Heading(number(level)));
            }
            TagEnd::BlockQuote(_) => {
                self.end_text(Kind::Text);
                self.close_container();
                self.gap();
            }
            TagEnd::List(_) => {
                self.close_container();
                if self.containers.is_empty() {
                    self.gap();
                }
            }
            TagEnd::Item => {
                self.end_text(Kind::Text);
                let is_empty =
                    matches!(self.containers.last(), Some(Container::Item(item)) if item.sign.is_some());
                if is_empty && self.deeper == 0 {
                    // Nothing stood in it.
                    self.put(Kind::Text, vec![SafeText::default()], Vec::new());
                }
                self.close_container();
            }
            TagEnd::CodeBlock => {
                let code = self.code.take().unwrap_or_default();
                self.codes += 1;
                self.separate();
                for line in clean_block(&code.into()) {
                    self.put(Kind::Code(self.codes), vec![line], Vec::new());
                }
                self.gap();
            }
            TagEnd::HtmlBlock => {
                let html = self.code.take().unwrap_or_default();
                for line in clean_block(&html.into()) {
                    self.put(Kind::Aside, vec![line], Vec::new());
                }
                self.gap();
            }
            TagEnd::MetadataBlock(_) => self.code = None,
            TagEnd::TableCell => {
                self.in_cell = false;
                let text = std::mem::take(&mut self.text);
                if self.cells.len() < MOST_CELLS {
                    self.cells.push(text);
                }
                self.row_links.append(&mut self.links);
            }
            TagEnd::TableHead | TagEnd::TableRow => {
                let kind =
                    if tag == TagEnd::TableHead { Kind::Head(self.tables) } else { Kind::Row(self.tables) };
                let (cells, links) = (std::mem::take(&mut self.cells), std::mem::take(&mut self.row_links));
                self.put(kind, cells, links);
            }
            TagEnd::Table => {
                self.tables += 1;
                self.gap();
            }
            _ => self.end_text(Kind::Text),
        }
    }

    /// A new step.
    fn step(&mut self, is_done: bool) -> usize {
        // In a list of tasks with numbers the sign of the task says whether it is done.
        let own = self.containers.last().and_then(|container| match container {
            Container::Item(item) => item.step,
            _ => None,
        });
        if let Some(step) = own
            && let Some(known) = self.document.steps.get_mut(step)
        {
            known.is_done = is_done;
            return step;
        }
        self.document.steps.push(Step { text: SafeText::default(), is_done });
        self.document.steps.len() - 1
    }

    fn say(&mut self, text: &str) {
        match &mut self.code {
            Some(code) => code.push_str(text),
            None => self.push(&line(text)),
        }
    }

    fn push(&mut self, text: &SafeText) {
        if self.strong > 0 {
            self.text.push(&text.inked(BOLD));
        } else if self.emphasis > 0 {
            self.text.push(&text.inked(UNDERLINED));
        } else {
            self.text.push(text);
        }
    }

    /// Writes the address behind a link's text: nobody follows what is not seen.
    fn end_link(&mut self, what: &'static str) {
        let Some((url, from)) = self.open.pop() else { return };
        let shown = line(&url);
        let said = self.text.as_str().get(from..).unwrap_or_default();
        let is_said = said.trim_end_matches('/') == shown.as_str().trim_end_matches('/');
        if !is_said && !shown.is_empty() {
            let blank = if said.is_empty() { "" } else { " " };
            let (blank, what) = (SafeText::literal(blank), SafeText::literal(what));
            self.push(&safe!("{}({}{})", blank, what, shown));
        }
        if !shown.is_empty() {
            self.links.push(shown);
        }
    }

    fn break_line(&mut self) {
        if self.in_cell {
            self.push(&SafeText::literal(" "));
        } else {
            self.end_text(Kind::Text);
        }
    }

    /// Ends the text that is being read, if there is any.
    fn end_text(&mut self, kind: Kind) {
        if self.code.is_some() || self.text.is_empty() {
            return;
        }
        let (text, links) = (std::mem::take(&mut self.text), std::mem::take(&mut self.links));
        self.put(kind, vec![text], links);
    }

    /// Wants a gap before the next block.
    fn gap(&mut self) {
        self.gap = Some(self.quotes());
    }

    fn quotes(&self) -> usize {
        self.containers.iter().filter(|one| matches!(one, Container::Quote)).count()
    }

    /// Puts the gap that is wanted. It is in a quote only if what is before it is too.
    fn separate(&mut self) {
        let Some(quotes) = self.gap.take() else { return };
        if self.document.blocks.last().is_some_and(|last| last.kind != Kind::Gap) {
            let quotes = quotes.min(self.quotes()).min(DEEPEST);
            let first: SafeText = (0..quotes).map(|_| SafeText::literal("> ")).collect();
            self.document.push(Block { rest: first.clone(), first, ..Block::new(Kind::Gap, "") });
        }
    }

    fn put(&mut self, kind: Kind, cells: Vec<SafeText>, links: Vec<SafeText>) {
        self.separate();
        let (mut first, mut rest) = (String::new(), String::new());
        let (mut step, mut begins) = (None, None);
        let deep = self.containers.len().saturating_sub(DEEPEST * 2);
        for (index, container) in self.containers.iter_mut().enumerate() {
            match container {
                Container::Quote if index >= deep => {
                    first.push_str("> ");
                    rest.push_str("> ");
                }
                Container::Item(item) => {
                    step = item.step.or(step);
                    let sign = item.sign.take().unwrap_or_else(|| " ".repeat(item.width));
                    if index >= deep {
                        first.push_str(&sign);
                        rest.push_str(&" ".repeat(item.width));
                    }
                    if let Some(own) = item.step {
                        if item.has_box {
                            first.push_str("    ");
                            rest.push_str("    ");
                        } else {
                            item.has_box = true;
                            begins = Some(own);
                        }
                    }
                }
                Container::Quote | Container::List(_) => {}
            }
        }
        if matches!(kind, Kind::Code(_)) {
            first.push_str("| ");
            rest.push_str("| ");
        }
        let block = Block { kind, first: line(&first), rest: line(&rest), cells, links, begins, step };
        if let Some(step) = begins.and_then(|step| self.document.steps.get_mut(step)) {
            step.text = block.text().truncate_to(STEP, &SafeText::literal("..."));
        }
        self.document.push(block);
    }
}

/// Text of one line.
fn line(text: &str) -> SafeText {
    let mut lines = clean_block(&text.into()).into_iter();
    let mut one = lines.next().unwrap_or_default();
    for more in lines {
        one.push(&SafeText::literal(" "));
        one.push(&more);
    }
    one
}

fn is_break(tag: &CowStr<'_>) -> bool {
    matches!(tag.to_ascii_lowercase().as_str(), "<br>" | "<br/>" | "<br />")
}

fn number(level: HeadingLevel) -> u8 {
    match level {
        HeadingLevel::H1 => 1,
        HeadingLevel::H2 => 2,
        HeadingLevel::H3 => 3,
        HeadingLevel::H4 => 4,
        HeadingLevel::H5 => 5,
        HeadingLevel::H6 => 6,
    }
}

#[cfg(test)]
mod tests;
