//! The files that a testbed is made of: `extends` lays it upon others, `%INCLUDE{}` puts another one in the place of a value.
//! Names are relative to the file that they stand in.

use crate::base::diagnostic::Diagnostic;
use crate::base::place::{Place, Placed, Source};
use crate::load::complaints::Complaints;
use crate::load::{file, folder_of, habits, scalar, yaml};
use crate::model::yaml::{Entry, Kind, Yaml};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// The most files that one testbed may be made of; one that is named twice counts twice.
const MOST_FILES: usize = 256;

/// The longest chain of files that name each other.
const DEEPEST: usize = 16;

/// The most bytes that they may have together.
const MOST_BYTES: usize = 64 * 1024 * 1024;

/// Puts what a testbed extends beneath it, and what it includes into it. Blocks while files are read.
pub(super) fn apply(tree: Yaml, path: Option<&Path>, folder: &Path, complaints: &Complaints) -> Yaml {
    let chain = path.map(|path| Link { path: canonical(path), by: Means::Extends }).into_iter().collect();
    Joiner { complaints, chain, files: 1, bytes: 0 }.whole(tree, folder)
}

/// How a file comes to be read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Means {
    Extends,
    Includes,
}

impl Means {
    fn verb(self) -> &'static str {
        match self {
            Self::Extends => "extends",
            Self::Includes => "includes",
        }
    }
}

/// A file that is being read, and how it came to that.
struct Link {
    path: PathBuf,
    by: Means,
}

struct Joiner<'a> {
    complaints: &'a Complaints,
    /// The files that are being read, the outermost first.
    chain: Vec<Link>,
    files: usize,
    bytes: usize,
}

impl Joiner<'_> {
    /// A file's tree with all that it names.
    fn whole(&mut self, tree: Yaml, folder: &Path) -> Yaml {
        let tree = self.include(tree, folder);
        let Yaml { place, kind: Kind::Map(mut entries) } = tree else { return tree };
        let Some(index) = entries.iter().position(|entry| entry.key.value == "extends") else {
            return Yaml { place, kind: Kind::Map(entries) };
        };
        let extends = entries.remove(index);
        let own = Yaml { place, kind: Kind::Map(entries) };
        let is_nothing = extends.value.scalar().is_some_and(|scalar| scalar.value.is_null());
        let names = if is_nothing { Vec::new() } else { scalar::texts(&extends.value, "extends", self.complaints) };
        let read: Vec<Yaml> = names.iter().filter_map(|name| self.read(name, folder, Means::Extends)).collect();
        // As in pyATS, the last of a list lies at the bottom.
        let beneath = read.into_iter().rev().reduce(|base, over| merge(base, over, self.complaints));
        match beneath {
            Some(base) => merge(base, own, self.complaints),
            None => own,
        }
    }

    /// Puts included files into the places of the values that name them.
    fn include(&mut self, yaml: Yaml, folder: &Path) -> Yaml {
        let Yaml { place, kind } = yaml;
        let kind = match kind {
            Kind::Map(entries) => {
                Kind::Map(entries.into_iter().map(|entry| Entry { value: self.include(entry.value, folder), ..entry }).collect())
            }
            Kind::List(items) => Kind::List(items.into_iter().map(|item| self.include(item, folder)).collect()),
            Kind::Scalar(scalar) => match included(&scalar.text) {
                Some(name) => {
                    let name = Placed::new(name.to_owned(), place.clone());
                    let read = self.read(&name, folder, Means::Includes);
                    return read.unwrap_or_else(|| scalar::nothing(&place));
                }
                None => Kind::Scalar(scalar),
            },
        };
        Yaml { place, kind }
    }

    fn read(&mut self, name: &Placed<String>, folder: &Path, by: Means) -> Option<Yaml> {
        let path = folder.join(&name.value);
        let known = canonical(&path);
        if self.chain.iter().any(|link| link.path == known) {
            self.complaints.error(&name.place, self.circle(&known, by));
            return None;
        }
        if self.chain.len() >= DEEPEST {
            self.complaints.error(&name.place, format!("files that name each other can be {DEEPEST} deep at most"));
            return None;
        }
        if self.files >= MOST_FILES {
            self.complaints.error(&name.place, format!("a testbed cannot be made of more than {MOST_FILES} files"));
            return None;
        }
        self.files += 1;
        let shown = shown(&name.place, &name.value);
        let text = match file::read(&path, &shown) {
            Ok(text) => text,
            Err(diagnostic) => {
                self.complaints.add(Diagnostic { place: Some(name.place.clone()), ..diagnostic });
                return None;
            }
        };
        self.bytes += text.len();
        if self.bytes > MOST_BYTES {
            self.complaints.error(&name.place, "the files of this testbed have more than 64 MiB together");
            return None;
        }
        let tree = yaml::read_lenient(&Source::new(shown, text), self.complaints)?;
        habits::check(&tree, self.complaints);
        self.chain.push(Link { path: known, by });
        let tree = match by {
            Means::Extends => self.whole(tree, folder_of(&path)),
            Means::Includes => self.include(tree, folder_of(&path)),
        };
        self.chain.pop();
        Some(tree)
    }

    /// Names the files of a circle: `a` extends `b` includes `a`.
    fn circle(&self, again: &Path, by: Means) -> String {
        let mut named = String::new();
        for (at, link) in self.chain.iter().enumerate() {
            if at > 0 {
                named.push_str(&format!(" {} ", link.by.verb()));
            }
            named.push_str(&format!("`{}`", file_name(&link.path)));
        }
        format!("a testbed {} itself: {named} {} `{}`", by.verb(), by.verb(), file_name(again))
    }
}

/// The file that a whole `%INCLUDE{file}` names.
fn included(text: &str) -> Option<&str> {
    let name = text.trim().strip_prefix("%INCLUDE{")?.strip_suffix('}')?.trim();
    (!name.is_empty() && !name.contains('}')).then_some(name)
}

fn canonical(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_path_buf())
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

/// The name of a file that `place` names, seen from where its own file's name is seen.
fn shown(place: &Place, name: &str) -> String {
    match Path::new(place.source().name()).parent() {
        Some(folder) => folder.join(name).to_string_lossy().into_owned(),
        None => name.to_owned(),
    }
}

/// Lays `over` upon `base`. A key without a value says nothing, and what lies beneath stays.
fn merge(base: Yaml, over: Yaml, complaints: &Complaints) -> Yaml {
    match (base.kind, over.kind) {
        (kind, Kind::Scalar(scalar)) if scalar.value.is_null() => Yaml { place: base.place, kind },
        (Kind::Map(base), Kind::Map(entries)) => Yaml { place: over.place, kind: Kind::Map(merge_entries(base, entries, complaints)) },
        (_, kind) => Yaml { place: over.place, kind },
    }
}

fn merge_entries(base: Vec<Entry>, over: Vec<Entry>, complaints: &Complaints) -> Vec<Entry> {
    let index: HashMap<String, usize> = base.iter().enumerate().map(|(at, entry)| (entry.key.value.clone(), at)).collect();
    let mut merged: Vec<Option<Entry>> = base.into_iter().map(Some).collect();
    for entry in over {
        let extended = extended(&entry.key.value).map(str::to_owned);
        let name = extended.as_deref().unwrap_or(&entry.key.value);
        let beneath = index.get(name).and_then(|at| merged.get_mut(*at)).and_then(|slot| Some((slot.take()?, slot)));
        let Some((beneath, slot)) = beneath else {
            merged.push(Some(entry));
            continue;
        };
        *slot = Some(match extended {
            Some(_) => lengthen(beneath, entry, complaints),
            None => Entry { value: merge(beneath.value, entry.value, complaints), key: entry.key },
        });
    }
    merged.into_iter().flatten().collect()
}

/// The list that a key `%EXTEND_LIST{name}` lengthens.
fn extended(key: &str) -> Option<&str> {
    Some(key.strip_prefix("%EXTEND_LIST{")?.strip_suffix('}')?.trim())
}

/// A list of the file beneath, and behind it what the file above adds.
fn lengthen(beneath: Entry, above: Entry, complaints: &Complaints) -> Entry {
    match (beneath.value.kind, above.value.kind) {
        (Kind::List(mut items), Kind::List(more)) => {
            items.extend(more);
            Entry { key: beneath.key, value: Yaml { place: above.value.place, kind: Kind::List(items) } }
        }
        (kind, _) => {
            let message = format!("`{}` wants two lists: one here, and one in the file beneath", above.key.value);
            complaints.add(Diagnostic::error(&above.key.place, message).also(&beneath.value.place, "what lies beneath"));
            Entry { key: beneath.key, value: Yaml { place: beneath.value.place, kind } }
        }
    }
}
