//! Pages of the manual as blocks: the parts of CommonMark that they use, in the form in which they are drawn and
//! searched.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// A part of a page that stands by itself.
#[derive(Clone, Debug, PartialEq)]
pub enum PageBlock {
    /// Heading with its level (1 is the page's title).
    Heading(u8, Vec<TextSpan>),
    /// Lines of text.
    Paragraph(Vec<TextSpan>),
    /// Items, each of blocks; with the number of the first one if they are counted.
    List(Option<u64>, Vec<Vec<PageBlock>>),
    /// Text to be typed or read as it stands.
    Code(String),
    /// Rows of cells; the first row is the header.
    Table(Vec<Vec<Vec<TextSpan>>>),
    /// Path of a picture as the page gives it, and the words that describe it.
    Picture(String, String),
}

/// Letters of one style within a block.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TextSpan {
    /// The letters.
    pub text: String,
    /// True for what is emphasised strongly.
    pub is_strong: bool,
    /// True for names in the window.
    pub is_emphasised: bool,
    /// True for what is typed or read on a screen.
    pub is_code: bool,
    /// Destination of a link.
    pub link: Option<String>,
}

/// Blocks of a page.
pub fn parse(text: &str) -> Vec<PageBlock> {
    blocks(&mut Parser::new_ext(text, Options::ENABLE_TABLES))
}

/// Letters of spans without their style.
pub fn plain(spans: &[TextSpan]) -> String {
    spans.iter().map(|span| span.text.as_str()).collect()
}

/// Anchor of a heading, as hosts of repositories derive it from its letters.
pub fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

/// Blocks up to the end of the block that holds them.
fn blocks(events: &mut Parser) -> Vec<PageBlock> {
    let (mut blocks, mut line) = (Vec::new(), Line::default());
    while let Some(event) = events.next() {
        match event {
            Event::Start(Tag::Heading { level, .. }) => {
                blocks.push(PageBlock::Heading(level as u8, spans(events)));
            }
            Event::Start(Tag::CodeBlock(_)) => blocks.push(PageBlock::Code(code(events))),
            Event::Start(Tag::List(first)) => {
                line.finish(&mut blocks);
                blocks.push(PageBlock::List(first, items(events)));
            }
            Event::Start(Tag::Table(_)) => blocks.push(PageBlock::Table(rows(events))),
            Event::Start(Tag::Paragraph) | Event::End(TagEnd::Paragraph) => line.finish(&mut blocks),
            Event::End(TagEnd::Item | TagEnd::BlockQuote(_)) => break,
            event => line.take(event),
        }
    }
    line.finish(&mut blocks);
    blocks
}

fn items(events: &mut Parser) -> Vec<Vec<PageBlock>> {
    let mut items = Vec::new();
    while let Some(Event::Start(Tag::Item)) = events.next() {
        items.push(blocks(events));
    }
    items
}

fn rows(events: &mut Parser) -> Vec<Vec<Vec<TextSpan>>> {
    let (mut rows, mut row) = (Vec::new(), Vec::new());
    while let Some(event) = events.next() {
        match event {
            Event::Start(Tag::TableHead | Tag::TableRow) => row = Vec::new(),
            Event::Start(Tag::TableCell) => row.push(spans(events)),
            Event::End(TagEnd::TableHead | TagEnd::TableRow) => rows.push(std::mem::take(&mut row)),
            Event::End(TagEnd::Table) => break,
            _ => {}
        }
    }
    rows
}

fn code(events: &mut Parser) -> String {
    let mut code = String::new();
    for event in events.by_ref() {
        match event {
            Event::Text(text) => code.push_str(&text),
            Event::End(TagEnd::CodeBlock) => break,
            _ => {}
        }
    }
    code.trim_end().to_owned()
}

/// Spans of a heading or a cell.
fn spans(events: &mut Parser) -> Vec<TextSpan> {
    let mut line = Line::default();
    for event in events.by_ref() {
        if matches!(event, Event::End(TagEnd::Heading(_) | TagEnd::TableCell)) {
            break;
        }
        line.take(event);
    }
    line.spans
}

/// A paragraph while it is read.
#[derive(Default)]
struct Line {
    spans: Vec<TextSpan>,
    style: TextSpan,
    /// Path and words of a picture.
    picture: Option<(String, String)>,
    is_in_picture: bool,
}

impl Line {
    fn take(&mut self, event: Event) {
        let style = &mut self.style;
        match event {
            Event::Start(Tag::Strong) => style.is_strong = true,
            Event::End(TagEnd::Strong) => style.is_strong = false,
            Event::Start(Tag::Emphasis) => style.is_emphasised = true,
            Event::End(TagEnd::Emphasis) => style.is_emphasised = false,
            Event::Start(Tag::Link { dest_url, .. }) => style.link = Some(dest_url.into_string()),
            Event::End(TagEnd::Link) => style.link = None,
            Event::Start(Tag::Image { dest_url, .. }) => {
                self.picture = Some((dest_url.into_string(), String::new()));
                self.is_in_picture = true;
            }
            Event::End(TagEnd::Image) => self.is_in_picture = false,
            Event::Text(text) => self.add(&text, false),
            Event::Code(text) => self.add(&text, true),
            Event::SoftBreak | Event::HardBreak => self.add(" ", false),
            _ => {}
        }
    }

    fn add(&mut self, text: &str, is_code: bool) {
        match &mut self.picture {
            Some((_, words)) if self.is_in_picture => words.push_str(text),
            _ => self.spans.push(TextSpan { text: text.to_owned(), is_code, ..self.style.clone() }),
        }
    }

    /// Adds what was read, if anything, to the blocks.
    fn finish(&mut self, blocks: &mut Vec<PageBlock>) {
        let Self { spans, picture, .. } = std::mem::take(self);
        blocks.extend(picture.map(|(path, words)| PageBlock::Picture(path, words)));
        if spans.iter().any(|span| !span.text.trim().is_empty()) {
            blocks.push(PageBlock::Paragraph(spans));
        }
    }
}
