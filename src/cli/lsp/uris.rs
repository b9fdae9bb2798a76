//! Between URIs and paths on disk. What is no file has no path.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use lsp_types::Uri;

/// The path of a `file:` URI on this system; absolute, and not necessarily there.
pub fn path_of(uri: &str) -> Option<PathBuf> {
    written_path(uri, cfg!(windows)).map(PathBuf::from).filter(|path| path.is_absolute())
}

/// The URI of an absolute path, as editors write it.
pub fn uri_of(path: &Path) -> Option<Uri> {
    Uri::from_str(&written_uri(path.to_str()?, cfg!(windows))?).ok()
}

fn written_path(uri: &str, is_windows: bool) -> Option<String> {
    let scheme = uri.get(..5)?;
    let rest = uri.get(5..).filter(|_| scheme.eq_ignore_ascii_case("file:"))?;
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let (host, path) = match rest.strip_prefix("//") {
        Some(rest) => rest.split_at(rest.find('/').unwrap_or(rest.len())),
        None => ("", rest),
    };
    let path = decoded(path).filter(|path| path.starts_with('/') && !path.contains('\0'))?;
    let is_local = host.is_empty() || host.eq_ignore_ascii_case("localhost");
    if !is_windows {
        return is_local.then_some(path);
    }
    let path = path.replace('/', "\\");
    if !is_local {
        return Some(format!("\\\\{host}{path}"));
    }
    // `/c:/folder` is `C:\folder`: the letter of a drive is written in either case.
    let drive = path[1..].chars().next().filter(char::is_ascii_alphabetic)?;
    let rest = path[2..].strip_prefix(':')?;
    Some(format!("{}:{}", drive.to_ascii_uppercase(), if rest.is_empty() { "\\" } else { rest }))
}

fn written_uri(path: &str, is_windows: bool) -> Option<String> {
    if !is_windows {
        return path.starts_with('/').then(|| format!("file://{}", encoded(path)));
    }
    // What `canonicalize` puts before the paths of Windows is nothing that editors know.
    let path =
        path.strip_prefix(r"\\?\UNC\").map_or_else(|| path.strip_prefix(r"\\?\").unwrap_or(path).to_owned(), |share| format!(r"\\{share}"));
    let path = path.replace('\\', "/");
    match path.strip_prefix("//") {
        Some(share) => Some(format!("file://{}", encoded(share))),
        None => {
            let (drive, rest) = path.split_once(':').filter(|(drive, _)| drive.len() == 1)?;
            Some(format!("file:///{}%3A{}", drive.to_ascii_lowercase(), encoded(rest)))
        }
    }
}

/// `None` where what is encoded is no text.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let number = digits.filter(|_| *first == b'%').and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(number.unwrap_or(*first));
        rest = if number.is_some() { &after[2..] } else { after };
    }
    String::from_utf8(bytes).ok()
}

fn encoded(path: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'/');
    let letter = |byte: u8| if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    path.bytes().map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_out_of_uris() {
        let cases = [
            ("file:///home/a/b.ts", false, Some("/home/a/b.ts")),
            ("file://localhost/a.ts", false, Some("/a.ts")),
            ("FILE:///a%20b/%C3%BC.ts", false, Some("/a b/ü.ts")),
            ("file:/a.ts", false, Some("/a.ts")),
            ("file:///a%ts", false, Some("/a%ts")),
            ("file:///a.ts?x#y", false, Some("/a.ts")),
            ("file://server/share/a.ts", false, None),
            ("file:///%FF.ts", false, None),
            ("file:///a%00b", false, None),
            ("file:a.ts", false, None),
            ("untitled:Untitled-1", false, None),
            ("git:/a.ts?{}", false, None),
            ("é", false, None),
            ("", false, None),
            ("file:///c%3A/a/b.ts", true, Some("C:\\a\\b.ts")),
            ("file:///C:/a%20b.ts", true, Some("C:\\a b.ts")),
            ("file:///c:", true, Some("C:\\")),
            ("file://server/share/a.ts", true, Some("\\\\server\\share\\a.ts")),
            ("file:///home/a.ts", true, None),
            ("file:///", true, None),
        ];
        for (uri, is_windows, path) in cases {
            assert_eq!(written_path(uri, is_windows).as_deref(), path, "{uri}");
        }
        assert!(path_of("file:///C:/a.ts").is_some(), "a path of another system is one that is not there");
    }

    #[test]
    fn paths_are_written_as_uris() {
        let cases = [
            ("/home/a b/[id]/ü.ts", false, Some("file:///home/a%20b/%5Bid%5D/%C3%BC.ts")),
            ("a.ts", false, None),
            ("C:\\a\\b.ts", true, Some("file:///c%3A/a/b.ts")),
            ("\\\\?\\C:\\a.ts", true, Some("file:///c%3A/a.ts")),
            ("\\\\server\\share\\a.ts", true, Some("file://server/share/a.ts")),
            ("\\\\?\\UNC\\server\\share\\a.ts", true, Some("file://server/share/a.ts")),
            ("a.ts", true, None),
        ];
        for (path, is_windows, uri) in cases {
            assert_eq!(written_uri(path, is_windows).as_deref(), uri, "{path}");
            let back = uri.and_then(|uri| written_path(uri, is_windows));
            let plain = path.replace("\\\\?\\UNC\\", "\\\\").replace("\\\\?\\", "");
            assert!(uri.is_none() || back.as_deref() == Some(&*plain), "{path}: {back:?}");
        }
    }
}
