//! Links of the documentation lead somewhere.

use crate::pages;
use std::path::Path;

#[test]
fn links_between_pages_lead_to_files_and_headings_that_exist() {
    let mut broken = Vec::new();
    for page in pages::all() {
        for link in page.links() {
            let (file, fragment) = link.split_once('#').unwrap_or((&link, ""));
            let path = if file.is_empty() { pages::root().join(&page.name) } else { page.beside(file) };
            let heading = || {
                let name = path.strip_prefix(pages::root()).unwrap_or(&path).to_string_lossy().into_owned();
                pages::Page::read(&name).anchors().iter().any(|anchor| anchor == fragment)
            };
            if !path.exists() || (!fragment.is_empty() && !heading()) {
                broken.push(format!("{}: {link}", page.name));
            }
        }
    }
    assert!(broken.is_empty(), "links that lead nowhere:\n{}", broken.join("\n"));
}

#[test]
fn the_readme_leads_to_every_page() {
    let readme = pages::Page::read("README.md");
    let links = readme.links();
    for page in pages::all().iter().filter(|page| page.name != readme.name) {
        let linked = links.iter().any(|link| Path::new(link.split('#').next().unwrap_or_default()) == Path::new(&page.name));
        assert!(linked, "README.md has no link to {}", page.name);
    }
}
