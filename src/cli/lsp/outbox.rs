//! All that the server says: answers, notifications, requests of its own.
//!
//! Each request is answered once, by whoever is first: the one who worked it out, or the client who no longer wants it.

use std::collections::HashSet;
use std::io::Write;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use lsp_server::{ErrorCode, RequestId};
use serde::Serialize;
use serde_json::{Value, json};

use super::transport;

pub struct Outbox {
    out: Mutex<Box<dyn Write + Send>>,
    /// Requests that wait for an answer.
    open: Mutex<HashSet<RequestId>>,
    requests: AtomicU32,
}

/// Why a request is not answered with what it asked for.
#[derive(Debug)]
pub struct Refusal {
    pub code: i32,
    pub message: String,
}

impl Refusal {
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code: code as i32, message: message.into() }
    }
}

impl Outbox {
    pub fn new(out: Box<dyn Write + Send>) -> Self {
        Self { out: Mutex::new(out), open: Mutex::default(), requests: AtomicU32::new(0) }
    }

    /// Takes a request that will be answered.
    pub fn open(&self, id: &RequestId) {
        locked(&self.open).insert(id.clone());
    }

    pub fn is_open(&self, id: &RequestId) -> bool {
        locked(&self.open).contains(id)
    }

    /// Answers a request, unless that is done.
    pub fn answer(&self, id: &RequestId, answer: Result<Value, Refusal>) {
        if !locked(&self.open).remove(id) {
            return;
        }
        self.send(&match answer {
            Ok(result) => json!({ "jsonrpc": "2.0", "id": id, "result": result }),
            Err(Refusal { code, message }) => json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code, "message": message } }),
        });
    }

    pub fn notify(&self, method: &str, params: impl Serialize) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    /// Asks the client for something whose answer nobody waits for.
    pub fn request(&self, method: &str, params: impl Serialize) {
        let id = format!("orm-lint/{}", self.requests.fetch_add(1, Ordering::Relaxed));
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
    }

    /// Says something in the log that the client keeps.
    pub fn log(&self, message: &str) {
        self.notify("window/logMessage", json!({ "type": 3, "message": message }));
    }

    /// Shows something that went wrong to the person at the editor.
    pub fn show_error(&self, message: &str) {
        self.notify("window/showMessage", json!({ "type": 1, "message": format!("orm-lint: {message}") }));
    }

    /// That nobody may be reading shows when there is nothing more to read.
    pub fn send(&self, message: &Value) {
        let _ = transport::write(&mut **locked(&self.out), message);
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
