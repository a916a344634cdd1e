//! Markdown pages, as far as the tests read them: fenced blocks, tables, links, headings.

use std::path::{Path, PathBuf};

/// A page of the documentation.
pub(crate) struct Page {
    /// Its path in the repository.
    pub(crate) name: String,
    pub(crate) text: String,
}

/// A fenced block.
#[derive(Debug, Clone)]
pub(crate) struct Block {
    /// `README.md:12`.
    pub(crate) place: String,
    /// The words of its head, the language first.
    pub(crate) info: Vec<String>,
    pub(crate) text: String,
}

/// The folder of the repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every page that users read, in the order of their names.
pub(crate) fn all() -> Vec<Page> {
    let mut names = vec!["README.md".to_owned(), "ARCHITECTURE.md".to_owned(), "CHANGELOG.md".to_owned()];
    collect("docs", &mut names);
    names.sort();
    names.into_iter().map(|name| Page::read(&name)).collect()
}

/// The pages of a folder and of those in it.
fn collect(folder: &str, names: &mut Vec<String>) {
    for entry in std::fs::read_dir(root().join(folder)).expect("a folder") {
        let entry = entry.expect("an entry");
        let name = format!("{folder}/{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            collect(&name, names);
        } else if is_page(Path::new(&name)) {
            names.push(name);
        }
    }
}

fn is_page(file: &Path) -> bool {
    file.extension().is_some_and(|ending| ending == "md")
}

impl Page {
    pub(crate) fn read(name: &str) -> Self {
        let text = std::fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        Self { name: name.to_owned(), text }
    }

    /// The fenced blocks, in order. One that does not end fails the test.
    pub(crate) fn blocks(&self) -> Vec<Block> {
        let mut blocks = Vec::new();
        let mut open: Option<Block> = None;
        for (line, number) in self.text.lines().zip(1..) {
            match (&mut open, line.strip_prefix("```")) {
                (None, Some(info)) => {
                    let info = info.split_whitespace().map(str::to_owned).collect();
                    open = Some(Block { place: format!("{}:{number}", self.name), info, text: String::new() });
                }
                (None, None) => {}
                (Some(_), Some(_)) => blocks.extend(open.take()),
                (Some(block), None) => block.text.push_str(&format!("{line}\n")),
            }
        }
        assert!(open.is_none(), "a block of {} has no end", self.name);
        blocks
    }

    /// The lines outside of fenced blocks.
    pub(crate) fn prose(&self) -> Vec<&str> {
        let mut inside = false;
        let mut prose = Vec::new();
        for line in self.text.lines() {
            if line.starts_with("```") {
                inside = !inside;
            } else if !inside {
                prose.push(line);
            }
        }
        prose
    }

    /// The rows of the first table under a heading, without its head. Cells are trimmed.
    pub(crate) fn table(&self, heading: &str) -> Vec<Vec<String>> {
        let prose = self.prose();
        let under = prose.iter().skip_while(|line| **line != heading).skip(1);
        let rows = under.skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|')).skip(2);
        let cells = |line: &&str| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect();
        let table: Vec<Vec<String>> = rows.map(cells).collect();
        assert!(!table.is_empty(), "{} has no table under `{heading}`", self.name);
        table
    }

    /// The anchors of its headings.
    pub(crate) fn anchors(&self) -> Vec<String> {
        self.prose().into_iter().filter(|line| line.starts_with('#')).map(|line| anchor(line.trim_start_matches('#'))).collect()
    }

    /// Where its links lead, those within the repository.
    pub(crate) fn links(&self) -> Vec<String> {
        let prose = self.prose().join("\n");
        let targets = prose.match_indices("](").map(|(at, _)| prose[at + 2..].split(')').next().unwrap_or_default().to_owned());
        targets.filter(|target| !target.contains("://")).collect()
    }

    /// The file that a link of this page names.
    pub(crate) fn beside(&self, target: &str) -> PathBuf {
        root().join(&self.name).parent().expect("a folder").join(target)
    }
}

/// A heading as the hosts of repositories make a fragment of it.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().to_lowercase().chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_')).collect::<String>();
    kept.replace(' ', "-")
}

impl Block {
    /// Whether a word stands at its head.
    pub(crate) fn has(&self, word: &str) -> bool {
        self.info.iter().skip(1).any(|other| other == word)
    }

    pub(crate) fn is(&self, language: &str) -> bool {
        self.info.first().is_some_and(|first| first == language)
    }

    /// The file that it is for the other blocks of its page.
    pub(crate) fn file(&self) -> Option<&str> {
        self.info.iter().skip(1).map(String::as_str).find(|word| Path::new(word).extension().is_some())
    }
}
