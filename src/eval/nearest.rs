//! The lines of an answer that come nearest to what was expected.

use crate::base::text;
use std::collections::HashSet;

/// How many lines are shown.
const LINES: usize = 5;

/// How many lines of an answer are looked at: the first half of these and the last half.
const LOOKED_AT: usize = 20_000;

/// How much of a line, and of what was expected, is compared, in bytes.
const COMPARED: usize = 240;

/// The least likeness of a line that is worth showing, in parts of a hundred.
const LEAST: usize = 34;

/// Up to five lines that share most with `wanted`, in the order of the answer, each with its number counted from 1.
pub(super) fn nearest(answer: &str, wanted: &str) -> Vec<String> {
    let wanted: HashSet<[u8; 3]> = wanted.lines().take(LINES).flat_map(grams).collect();
    if wanted.is_empty() {
        return Vec::new();
    }
    let count = answer.lines().count();
    let mut best: Vec<(usize, usize, &str)> = Vec::new();
    for (index, line) in answer.lines().enumerate() {
        if index >= LOOKED_AT / 2 && index + LOOKED_AT / 2 < count {
            continue;
        }
        let shared: HashSet<[u8; 3]> = grams(line).filter(|gram| wanted.contains(gram)).collect();
        let likeness = shared.len() * 100 / wanted.len();
        if likeness >= LEAST && (best.len() < LINES || best.iter().any(|(least, _, _)| *least < likeness)) {
            best.push((likeness, index, line));
            best.sort_by_key(|(likeness, index, _)| (std::cmp::Reverse(*likeness), *index));
            best.truncate(LINES);
        }
    }
    best.sort_by_key(|(_, index, _)| *index);
    best.into_iter().map(|(_, index, line)| format!("{}: {}", index + 1, text::one_line(line, 200))).collect()
}

/// The literal parts of a regular expression, for the search of near lines.
pub(super) fn literals(pattern: &str) -> String {
    let mut literal = String::new();
    let mut escaped = false;
    for c in pattern.chars().take(COMPARED) {
        match c {
            '\\' if !escaped => escaped = true,
            _ if escaped => {
                // `\d` and the like are classes, `\.` is a full stop.
                literal.push(if c.is_ascii_alphanumeric() { '\n' } else { c });
                escaped = false;
            }
            '.' | '*' | '+' | '?' | '(' | ')' | '[' | ']' | '{' | '}' | '^' | '$' | '|' => literal.push('\n'),
            other => literal.push(other),
        }
    }
    // Parts are set apart by a character that no gram spans in a line.
    literal.split('\n').filter(|part| part.len() > 2).collect::<Vec<_>>().join("\u{1}")
}

/// The runs of three bytes in the beginning of a line, in lower case.
fn grams(line: &str) -> impl Iterator<Item = [u8; 3]> + '_ {
    let bytes = line.trim().as_bytes();
    let compared = &bytes[..bytes.len().min(COMPARED)];
    compared.windows(3).filter(|gram| !gram.contains(&1)).map(|gram| {
        let mut lower = [0; 3];
        for (to, from) in lower.iter_mut().zip(gram) {
            *to = from.to_ascii_lowercase();
        }
        lower
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_lines_are_found_in_order_and_far_ones_are_not() {
        let answer = "BGP router identifier 10.0.0.1\n10.0.0.2 4 65001 Idle\n10.0.0.3 4 65001 Established\n\nTotal: 2";
        assert_eq!(nearest(answer, "10.0.0.2 4 65001 Established"), ["2: 10.0.0.2 4 65001 Idle", "3: 10.0.0.3 4 65001 Established"]);
        assert_eq!(nearest(answer, "established"), ["3: 10.0.0.3 4 65001 Established"]);
        assert!(nearest(answer, "ospf").is_empty());
        assert!(nearest(answer, "").is_empty());
    }

    #[test]
    fn patterns_are_searched_by_their_literal_parts() {
        assert_eq!(literals(r"^Uptime: (\d+) days\.?$"), "Uptime: \u{1} days.");
        assert_eq!(nearest("a\nUptime: unknown\n", &literals(r"Uptime: (\d+)")), ["2: Uptime: unknown"]);
    }

    #[test]
    fn a_huge_answer_is_looked_at_in_bounded_time() {
        let answer = "interface Ethernet1 is up, line protocol is up and so on and so forth\n".repeat(80_000);
        assert_eq!(nearest(&answer, "interface Ethernet2 is down").len(), 5);
        assert_eq!(nearest(&"x".repeat(5 << 20), "interface Ethernet2").len(), 0);
    }
}
