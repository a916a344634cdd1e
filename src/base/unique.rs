//! Names of which no two are the same.

use std::collections::{HashMap, HashSet};

/// Names that are taken, and for each the number that was given last.
#[derive(Debug)]
pub struct Unique {
    longest: usize,
    names: HashSet<String>,
    last: HashMap<String, u32>,
}

impl Unique {
    /// Begins with no name. A name that gets a number keeps within `longest` characters.
    #[must_use]
    pub fn new(longest: usize) -> Self {
        Self { longest, names: HashSet::new(), last: HashMap::new() }
    }

    /// Takes the name itself, or with the least number behind it that makes it new. Very many names that are the same
    /// take linear time.
    pub fn take(&mut self, name: &str, separator: &str) -> String {
        let mut unique = name.to_owned();
        while !self.names.insert(unique.clone()) {
            let number = self.last.entry(name.to_owned()).or_insert(1);
            *number += 1;
            let suffix = format!("{separator}{number}");
            let room = self.longest.saturating_sub(suffix.len());
            unique = name.chars().take(room).chain(suffix.chars()).collect();
        }
        unique
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_taken_gets_the_least_number_that_makes_it_new() {
        let mut names = Unique::new(5);
        let taken: Vec<String> = ["a", "a", "a~2", "a", "abcde", "abcde"].iter().map(|name| names.take(name, "~")).collect();
        assert_eq!(taken, ["a", "a~2", "a~2~2", "a~3", "abcde", "abc~2"]);
    }
}
