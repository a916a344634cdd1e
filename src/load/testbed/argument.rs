//! What stands between the braces of markup: a name, and perhaps a value for where nothing else gives one.

use crate::base::text;

/// A name, and what is used where the name has no value.
pub(super) struct Argument<'t> {
    /// The name.
    pub(super) name: &'t str,
    /// The text behind `default=`, or behind the comma.
    pub(super) default: Option<&'t str>,
}

/// Takes `name`, `name, default=value` or `name, value` apart.
///
/// # Errors
/// The name is missing, or another option than `default` is named.
pub(super) fn read<'t>(kind: &str, argument: &'t str) -> Result<Argument<'t>, String> {
    let (name, rest) = match argument.split_once(',') {
        Some((name, rest)) => (name.trim(), Some(rest.trim_start())),
        None => (argument.trim(), None),
    };
    let wanted = || format!("`%{kind}{{}}` wants a name, and perhaps `, default=` and a value");
    if name.is_empty() {
        return Err(wanted());
    }
    let Some(rest) = rest else { return Ok(Argument { name, default: None }) };
    if let Some(default) = rest.strip_prefix("default").map(str::trim_start).and_then(|rest| rest.strip_prefix('=')) {
        return Ok(Argument { name, default: Some(default.trim()) });
    }
    // A misspelt `default=` would become a part of the value.
    let slip = rest.split_once('=').is_some_and(|(option, _)| text::nearest(option.trim(), ["default"]).is_some());
    if slip || rest.trim().is_empty() { Err(wanted()) } else { Ok(Argument { name, default: Some(rest.trim()) }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_default_stands_behind_the_comma() {
        for (argument, name, default) in [
            (" X ", "X", None),
            ("X, default=v w", "X", Some("v w")),
            ("X,default = [1, 2]", "X", Some("[1, 2]")),
            ("X, 127.0.0.1", "X", Some("127.0.0.1")),
            ("X, default=", "X", Some("")),
            ("X, a=b", "X", Some("a=b")),
        ] {
            let read = read("ENV", argument).expect(argument);
            assert_eq!((read.name, read.default), (name, default), "{argument}");
        }
        for argument in ["", " , default=x", "X,", "X, defautl=v"] {
            assert!(read("ENV", argument).is_err(), "{argument}");
        }
    }
}
