//! Messages out of a stream of bytes, and into one.
//!
//! What is no message is answered as such, and reading goes on after it; `lsp-server`'s own loop would end there.

use std::io::{self, BufRead, Read, Write};

use lsp_server::{ErrorCode, Message};
use serde_json::{Value, json};

/// What came in.
#[derive(Debug)]
pub enum Incoming {
    Message(Message),
    /// Whole, but no message: what to answer.
    Malformed(Value),
}

/// A longer one is passed over. The longest that makes sense holds one source file.
const LIMIT: u64 = 128 << 20;

/// The next one; `None` at the end of the stream. An error means that it is not known where the next one starts.
pub fn read(input: &mut dyn BufRead) -> io::Result<Option<Incoming>> {
    let Some(length) = read_header(input)? else { return Ok(None) };
    if length > LIMIT {
        io::copy(&mut input.take(length), &mut io::sink())?;
        return Ok(Some(malformed(&Value::Null, ErrorCode::InvalidRequest, &format!("a message of {length} bytes is too long"))));
    }
    let mut bytes = Vec::new();
    let count = input.take(length).read_to_end(&mut bytes)?;
    if (count as u64) < length {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the last message ends too early"));
    }
    let value: Value = match serde_json::from_slice(&bytes) {
        Ok(value) => value,
        Err(error) => return Ok(Some(malformed(&Value::Null, ErrorCode::ParseError, &error.to_string()))),
    };
    let id = value.get("id").filter(|id| id.is_string() || id.is_number()).cloned().unwrap_or(Value::Null);
    Ok(Some(match serde_json::from_value(value) {
        Ok(message) => Incoming::Message(message),
        Err(_) => malformed(&id, ErrorCode::InvalidRequest, "this is neither a request, nor a notification, nor a response"),
    }))
}

pub fn write(output: &mut dyn Write, message: &Value) -> io::Result<()> {
    let text = message.to_string();
    write!(output, "Content-Length: {}\r\n\r\n{text}", text.len())?;
    output.flush()
}

/// The length that the header names; `None` where the stream ends before it.
fn read_header(input: &mut dyn BufRead) -> io::Result<Option<u64>> {
    let invalid = |message: String| io::Error::new(io::ErrorKind::InvalidData, message);
    let mut length = None;
    let mut is_first = true;
    loop {
        let mut line = Vec::new();
        // Nobody's header is that long.
        input.take(4096).read_until(b'\n', &mut line)?;
        if line.is_empty() && is_first {
            return Ok(None);
        }
        is_first = false;
        if line.last() != Some(&b'\n') {
            return Err(invalid("this is no header of a message".to_owned()));
        }
        let line = String::from_utf8_lossy(&line);
        let line = line.trim();
        if line.is_empty() {
            return length.map(Some).ok_or_else(|| invalid("the header of a message has no Content-Length".to_owned()));
        }
        let (name, value) = line.split_once(':').ok_or_else(|| invalid(format!("`{line}` is no header of a message")))?;
        if name.eq_ignore_ascii_case("Content-Length") {
            length = Some(value.trim().parse().map_err(|_| invalid(format!("`{line}` is no length")))?);
        }
    }
}

fn malformed(id: &Value, code: ErrorCode, message: &str) -> Incoming {
    Incoming::Malformed(json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code as i32, "message": message } }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framed(text: &str) -> String {
        format!("Content-Length: {}\r\n\r\n{text}", text.len())
    }

    fn all(bytes: &[u8]) -> Vec<String> {
        let mut input = bytes;
        let mut found = Vec::new();
        loop {
            match read(&mut input) {
                Ok(Some(Incoming::Message(Message::Request(request)))) => found.push(request.method),
                Ok(Some(Incoming::Message(message))) => found.push(format!("{message:?}")),
                Ok(Some(Incoming::Malformed(answer))) => found.push(format!("{} {}", answer["id"], answer["error"]["code"])),
                Ok(None) => return found,
                Err(error) => {
                    found.push(error.to_string());
                    return found;
                }
            }
        }
    }

    #[test]
    fn what_is_no_message_is_passed_over() {
        let good = framed(r#"{"jsonrpc":"2.0","id":1,"method":"good"}"#);
        let stream = [&*framed("{\"id\":"), &good, &framed("[]"), &framed(r#"{"id":7}"#), &framed("\u{7}"), &good].concat();
        assert_eq!(all(stream.as_bytes()), ["null -32700", "good", "null -32600", "7 -32600", "null -32700", "good"]);
        let not_text = [b"Content-Length: 2\r\n\r\n\xff\xfe".as_slice(), good.as_bytes()].concat();
        assert_eq!(all(&not_text), ["null -32700", "good"]);
    }

    #[test]
    fn headers_are_read_however_they_are_written() {
        let body = r#"{"jsonrpc":"2.0","id":1,"method":"good"}"#;
        let stream = format!("Content-Type: x; charset=utf-8\r\ncontent-length:{}\n\n{body}", body.len());
        assert_eq!(all(stream.as_bytes()), ["good"]);
        assert_eq!(all(b"hello\r\n\r\n"), ["`hello` is no header of a message"]);
        assert_eq!(all(b"Content-Length: -1\r\n\r\n"), ["`Content-Length: -1` is no length"]);
        assert_eq!(all(b"A: b\r\n\r\n"), ["the header of a message has no Content-Length"]);
        assert_eq!(all(b"Content-Length: 10\r\n\r\n{}"), ["the last message ends too early"]);
        assert_eq!(all(&[b'x'; 10_000]), ["this is no header of a message"]);
    }
}
