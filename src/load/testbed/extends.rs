//! `extends`: other testbed files beneath this one. Mappings are merged deeply, and the extending file wins.

use crate::base::diagnostic::Diagnostic;
use crate::base::place::{Place, Placed, Source};
use crate::load::complaints::Complaints;
use crate::load::{file, folder_of, habits, scalar, yaml};
use crate::model::yaml::{Entry, Kind, Yaml};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// The most files that one testbed may be made of.
const MOST_FILES: usize = 64;

/// Puts what a testbed extends beneath it. Blocks while files are read.
pub(super) fn apply(tree: Yaml, path: Option<&Path>, folder: &Path, complaints: &Complaints) -> Yaml {
    let chain = path.map(canonical).into_iter().collect();
    Extender { complaints, chain, files: 1 }.apply(tree, folder)
}

struct Extender<'a> {
    complaints: &'a Complaints,
    /// The files that are being read, the outermost first.
    chain: Vec<PathBuf>,
    files: usize,
}

impl Extender<'_> {
    fn apply(&mut self, tree: Yaml, folder: &Path) -> Yaml {
        let Yaml { place, kind: Kind::Map(mut entries) } = tree else { return tree };
        let Some(index) = entries.iter().position(|entry| entry.key.value == "extends") else {
            return Yaml { place, kind: Kind::Map(entries) };
        };
        let extends = entries.remove(index);
        let mut base: Option<Yaml> = None;
        for name in scalar::texts(&extends.value, "extends", self.complaints) {
            let Some(read) = self.read(&name, folder) else { continue };
            base = Some(match base {
                Some(base) => merge(base, read),
                None => read,
            });
        }
        let own = Yaml { place, kind: Kind::Map(entries) };
        match base {
            Some(base) => merge(base, own),
            None => own,
        }
    }

    fn read(&mut self, name: &Placed<String>, folder: &Path) -> Option<Yaml> {
        let path = folder.join(&name.value);
        let known = canonical(&path);
        if self.chain.contains(&known) {
            let chain: Vec<String> = self.chain.iter().chain([&known]).map(|path| format!("`{}`", file_name(path))).collect();
            self.complaints.error(&name.place, format!("a testbed extends itself: {}", chain.join(" extends ")));
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
        let tree = yaml::read(&Source::new(shown, text), self.complaints)?;
        habits::check(&tree, self.complaints);
        self.chain.push(known);
        let tree = self.apply(tree, folder_of(&path));
        self.chain.pop();
        Some(tree)
    }
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
fn merge(base: Yaml, over: Yaml) -> Yaml {
    match (base.kind, over.kind) {
        (kind, Kind::Scalar(scalar)) if scalar.value.is_null() => Yaml { place: base.place, kind },
        (Kind::Map(base), Kind::Map(over_entries)) => Yaml { place: over.place, kind: Kind::Map(merge_entries(base, over_entries)) },
        (_, kind) => Yaml { place: over.place, kind },
    }
}

fn merge_entries(base: Vec<Entry>, over: Vec<Entry>) -> Vec<Entry> {
    let index: HashMap<String, usize> = base.iter().enumerate().map(|(at, entry)| (entry.key.value.clone(), at)).collect();
    let mut merged: Vec<Option<Entry>> = base.into_iter().map(Some).collect();
    for entry in over {
        match index.get(&entry.key.value).and_then(|at| merged.get_mut(*at)) {
            Some(slot) => {
                let value = match slot.take() {
                    Some(beneath) => merge(beneath.value, entry.value),
                    None => entry.value,
                };
                *slot = Some(Entry { key: entry.key, value });
            }
            None => merged.push(Some(entry)),
        }
    }
    merged.into_iter().flatten().collect()
}
