//! Reads a text file whole. Whatever stands in the way is a diagnostic.

use crate::base::diagnostic::Diagnostic;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// The most bytes that a file may have. It bounds memory when the path names a device or an endless pipe.
const MOST: u64 = 16 * 1024 * 1024;

/// Reads a file as text. Blocks until it is read.
///
/// # Errors
/// The file cannot be read, is larger than 16 MiB, or is not UTF-8.
pub(super) fn read(path: &Path, shown: &str) -> Result<String, Diagnostic> {
    let bytes = read_bytes(path).map_err(|error| {
        let diagnostic = Diagnostic::unplaced(format!("`{shown}` cannot be read: {}", reason(&error)));
        if error.kind() == io::ErrorKind::NotFound { diagnostic.hint("is the path right?") } else { diagnostic }
    })?;
    String::from_utf8(bytes).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = valid.split(|byte| *byte == b'\n').count();
        Diagnostic::unplaced(format!("`{shown}` is not UTF-8 text: line {line} holds other bytes"))
    })
}

fn read_bytes(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MOST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST {
        return Err(io::Error::other("it is larger than 16 MiB"));
    }
    Ok(bytes)
}

fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::IsADirectory => "it is a folder".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn what_cannot_be_read_is_said() {
        let message = |path: &Path| read(path, "x.yaml").expect_err("refused").message;
        assert_eq!(message(Path::new("/no/such/file")), "`x.yaml` cannot be read: there is no such file");
        assert_eq!(message(Path::new("/")), "`x.yaml` cannot be read: it is a folder");
        assert_eq!(message(Path::new("/dev/zero")), "`x.yaml` cannot be read: it is larger than 16 MiB");
        let mut file = tempfile::NamedTempFile::new().expect("file");
        file.write_all(b"a: 1\nb: \xff\n").expect("written");
        assert_eq!(message(file.path()), "`x.yaml` is not UTF-8 text: line 2 holds other bytes");
    }
}
