//! Sets a template with its facts. Nothing outlives a sheet: what Typst remembers is forgotten at once.

use serde::Serialize;
use std::sync::LazyLock;
use typst::diag::{FileError, FileResult, SourceDiagnostic};
use typst::foundations::{Bytes, Datetime, Duration};
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Library, LibraryExt, World, WorldExt};
use typst_layout::PagedDocument;
use typst_pdf::PdfOptions;
use typst_svg::SvgOptions;

/// Why there is no sheet. It says where, never what was to be printed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    #[error("the template {template} cannot be set, byte {at}")]
    Template { template: &'static str, at: usize },
    #[error("the facts cannot be written down for {0}")]
    Facts(&'static str),
    #[error("the sheet of {0} cannot be written as PDF")]
    Pdf(&'static str),
}

/// A template: its name and text.
pub(crate) type Template = (&'static str, &'static str);

const PARTS: Template = ("parts.typ", include_str!("../templates/parts.typ"));
const FACTS: &str = "facts.json";

static FONTS: LazyLock<Vec<Font>> = LazyLock::new(|| {
    let files: [&'static [u8]; 6] = [
        include_bytes!("../fonts/NotoSans_400Regular.ttf"),
        include_bytes!("../fonts/NotoSans_700Bold.ttf"),
        include_bytes!("../fonts/NotoNaskhArabic_400Regular.ttf"),
        include_bytes!("../fonts/NotoNaskhArabic_700Bold.ttf"),
        include_bytes!("../fonts/NotoSansHebrew_400Regular.ttf"),
        include_bytes!("../fonts/NotoSansHebrew_700Bold.ttf"),
    ];
    files
        .into_iter()
        .flat_map(|file| Font::iter(Bytes::new(file)))
        .collect()
});
static BOOK: LazyLock<LazyHash<FontBook>> =
    LazyLock::new(|| LazyHash::new(FontBook::from_fonts(FONTS.iter())));
static LIBRARY: LazyLock<LazyHash<Library>> =
    LazyLock::new(|| LazyHash::new(<Library as LibraryExt>::default()));

/// Says whether every letter of a text has a shape in the fonts of this program.
pub(crate) fn has_letters(text: &str) -> bool {
    let is_known = |letter: char| {
        letter.is_whitespace()
            || FONTS
                .iter()
                .any(|font| font.info().coverage.contains(letter.into()))
    };
    text.chars().all(is_known)
}

/// A sheet that was set, of one or more pages.
#[derive(Debug)]
pub struct Sheet {
    template: &'static str,
    document: PagedDocument,
}

impl Sheet {
    /// Returns the pages as pictures (SVG) of lines and shapes, as a window prints them without a file.
    pub fn pages(&self) -> Vec<String> {
        let options = SvgOptions {
            render_bleed: false,
            pretty: false,
        };
        let pages = self.document.pages().iter();
        pages.map(|page| typst_svg::svg(page, &options)).collect()
    }

    /// Returns the sheet as a PDF, with its text and structure for those who listen to it.
    ///
    /// # Errors
    /// [`Error::Pdf`]
    pub fn pdf(&self) -> Result<Vec<u8>, Error> {
        typst_pdf::pdf(&self.document, &PdfOptions::default())
            .map_err(|_| Error::Pdf(self.template))
    }
}

/// Sets a template with facts.
pub(crate) fn set(template: Template, facts: &impl Serialize) -> Result<Sheet, Error> {
    let json = serde_json::to_string(facts).map_err(|_| Error::Facts(template.0))?;
    let table = Table { template, json };
    let outcome = typst::compile::<PagedDocument>(&table).output;
    // names of patients are not kept for a next time
    typst::comemo::evict(0);
    let document = outcome.map_err(|errors| {
        let at = errors.first().and_then(|error| place(&table, error));
        Error::Template {
            template: template.0,
            at: at.unwrap_or(0),
        }
    })?;
    Ok(Sheet {
        template: template.0,
        document,
    })
}

fn place(table: &Table, error: &SourceDiagnostic) -> Option<usize> {
    table.range(error.span).map(|range| range.start)
}

/// All there is when a template is set: it can reach nothing else.
struct Table {
    template: Template,
    json: String,
}

fn file(name: &str) -> FileId {
    let path = VirtualPath::new(name).expect("the names are ours");
    RootedPath::new(VirtualRoot::Project, path).intern()
}

impl Table {
    fn text(&self, id: FileId) -> FileResult<&str> {
        let facts = (FACTS, self.json.as_str());
        [facts, self.template, PARTS]
            .into_iter()
            .find(|(name, _)| id == file(name))
            .map(|(_, text)| text)
            .ok_or(FileError::AccessDenied)
    }
}

impl World for Table {
    fn library(&self) -> &LazyHash<Library> {
        &LIBRARY
    }

    fn book(&self) -> &LazyHash<FontBook> {
        &BOOK
    }

    fn main(&self) -> FileId {
        file(self.template.0)
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        Ok(Source::new(id, self.text(id)?.to_owned()))
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        Ok(Bytes::from_string(self.text(id)?.to_owned()))
    }

    fn font(&self, index: usize) -> Option<Font> {
        FONTS.get(index).cloned()
    }

    fn today(&self, _: Option<Duration>) -> Option<Datetime> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::{Error, has_letters, set};
    use serde_json::json;

    #[test]
    fn a_template_reaches_its_facts_and_nothing_else() {
        let check = |text: &'static str, expect: bool| {
            assert_eq!(set(("t.typ", text), &json!({})).is_ok(), expect, "{text}");
        };
        check("#json(\"facts.json\")", true);
        check("#import \"parts.typ\": *", true);
        check("#read(\"/etc/passwd\")", false);
        check("#read(\"../Cargo.toml\")", false);
        check("#import \"@preview/tablex:0.0.8\": *", false);
        check("#datetime.today()", false);
    }

    #[test]
    fn an_error_says_where_and_not_what() {
        let error = set(("t.typ", "Ada #no"), &json!({ "name": "Ada" })).unwrap_err();
        assert_eq!(
            error,
            Error::Template {
                template: "t.typ",
                at: 5
            }
        );
        assert!(!error.to_string().contains("Ada"));
    }

    #[test]
    fn letters_without_a_shape_are_known() {
        for (text, expect) in [
            ("Ólafur Ñ Ж Ω", true),
            ("محمد", true),
            ("כהן", true),
            ("王", false),
            ("สมชาย", false),
        ] {
            assert_eq!(has_letters(text), expect, "{text}");
        }
    }
}
