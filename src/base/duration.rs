//! Durations as users write and read them: `500ms`, `30s`, `2m`, `1h`.

use std::time::Duration;

/// Says why a text is not a duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// A number stands alone.
    #[error("`{0}` has no unit: write `{0}s`, `{0}ms` or `{0}m`")]
    NoUnit(String),
    /// The number does not parse, is negative, or is too large to wait for.
    #[error("`{0}` is not a duration: write a number and a unit, such as `500ms`, `30s`, `2m` or `1h`")]
    Malformed(String),
}

/// The longest duration that a user may write: a year. It keeps every later sum of durations in range.
pub const LONGEST: Duration = Duration::from_hours(366 * 24);

/// Reads a duration: one or more numbers with a unit (`ms`, `s`, `m`, `h`), largest first, such as `1m30s` or `1.5s`.
///
/// # Errors
/// A number without unit, an unknown unit, a negative or an absurdly large number.
pub fn parse(text: &str) -> Result<Duration, DurationError> {
    let malformed = || DurationError::Malformed(text.to_owned());
    let trimmed = text.trim();
    if !trimmed.is_empty() && trimmed.parse::<f64>().is_ok() {
        return Err(DurationError::NoUnit(trimmed.to_owned()));
    }
    let mut rest = trimmed;
    let mut total = Duration::ZERO;
    if rest.is_empty() {
        return Err(malformed());
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, after) = rest.split_at(digits);
        let letters = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
        let (unit, after) = after.split_at(letters);
        let seconds_per_unit = match unit {
            "ms" => 0.001,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return Err(malformed()),
        };
        let number: f64 = number.parse().map_err(|_| malformed())?;
        let part = Duration::try_from_secs_f64(number * seconds_per_unit).map_err(|_| malformed())?;
        total = total.checked_add(part).filter(|sum| *sum <= LONGEST).ok_or_else(malformed)?;
        rest = after.trim_start();
    }
    Ok(total)
}

/// Writes a duration for people: `250ms`, `1.5s`, `30s`, `2m`, `1m30s`, `1h`.
#[must_use]
pub fn show(duration: Duration) -> String {
    let millis = duration.as_millis();
    let seconds = duration.as_secs();
    if millis < 1000 {
        return format!("{millis}ms");
    }
    if seconds < 60 {
        let tenths = (millis + 50) / 100;
        return if tenths.is_multiple_of(10) { format!("{}s", tenths / 10) } else { format!("{}.{}s", tenths / 10, tenths % 10) };
    }
    let (hours, minutes, seconds) = (seconds / 3600, seconds % 3600 / 60, seconds % 60);
    let mut shown = String::new();
    for (count, unit) in [(hours, 'h'), (minutes, 'm'), (seconds, 's')] {
        if count > 0 {
            shown.push_str(&format!("{count}{unit}"));
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_read_and_written() {
        for (text, millis, shown) in [
            ("500ms", 500, "500ms"),
            ("30s", 30_000, "30s"),
            ("1.5s", 1500, "1.5s"),
            ("2m", 120_000, "2m"),
            ("1m30s", 90_000, "1m30s"),
            ("1h", 3_600_000, "1h"),
            ("0s", 0, "0ms"),
        ] {
            let duration = parse(text).expect(text);
            assert_eq!(duration, Duration::from_millis(millis), "{text}");
            assert_eq!(show(duration), shown);
        }
    }

    #[test]
    fn what_is_not_a_duration_is_refused() {
        assert_eq!(parse("30"), Err(DurationError::NoUnit("30".to_owned())));
        for text in ["", "s", "-1s", "10 parsecs", "1e400s", "99999999999h", "5 s s", "1.2.3s"] {
            assert!(matches!(parse(text), Err(DurationError::Malformed(_))), "{text}");
        }
    }
}
