//! `--lsp`: a language server on standard input and output.
//!
//! This thread reads, and answers at once what needs no thinking: starting, stopping, cancelling. `engine` does the rest on another.

mod actions;
mod client;
mod documents;
mod engine;
mod folder;
mod hover;
mod navigation;
mod outbox;
mod positions;
mod transport;
mod uris;
mod view;

use std::io::BufRead;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};

use anyhow::Context;
use lsp_server::{ErrorCode, Message, Notification, Request, RequestId};
use serde_json::{Value, json};

use super::Exit;
use super::args::LintArgs;
use super::config::FromArgs;
use super::load;
use client::Client;
use engine::{Engine, Task};
use folder::Options;
use outbox::{Outbox, Refusal};
use transport::Incoming;

/// Serves until the client says that it is enough, or goes away.
pub fn run(args: &LintArgs, from_args: FromArgs) -> anyhow::Result<Exit> {
    let pool = load::threads(args.threads)?;
    let outbox = Arc::new(Outbox::new(Box::new(std::io::stdout())));
    let mut server = Server { outbox, pool: Arc::new(pool), options: Some((args.clone(), from_args)), tasks: None, is_over: false };
    server.serve(&mut std::io::stdin().lock())
}

struct Server {
    outbox: Arc<Outbox>,
    /// Its threads have the stacks that trees need; one of them is the engine's.
    pool: Arc<rayon::ThreadPool>,
    /// Taken when the engine starts.
    options: Option<(LintArgs, FromArgs)>,
    /// To the engine, once it runs.
    tasks: Option<Sender<Task>>,
    /// The client has asked to shut down.
    is_over: bool,
}

impl Server {
    fn serve(&mut self, input: &mut dyn BufRead) -> anyhow::Result<Exit> {
        while let Some(incoming) = transport::read(input).context("standard input is not what a language client writes")? {
            match incoming {
                Incoming::Malformed(answer) => self.outbox.send(&answer),
                Incoming::Message(Message::Request(request)) => self.take_request(request),
                Incoming::Message(Message::Notification(notification)) if notification.method == "exit" => break,
                Incoming::Message(Message::Notification(notification)) => self.take_notification(notification),
                // Answers to what the server asked: nothing hangs on them.
                Incoming::Message(Message::Response(_)) => {}
            }
        }
        Ok(if self.is_over { Exit::Clean } else { Exit::Findings })
    }

    fn take_request(&mut self, request: Request) {
        let id = request.id.clone();
        self.outbox.open(&id);
        let refuse = |code, message: &str| self.outbox.answer(&id, Err(Refusal::new(code, message)));
        match (request.method.as_str(), &self.tasks) {
            _ if self.is_over => refuse(ErrorCode::InvalidRequest, "the server is shutting down"),
            ("initialize", None) => self.start(&id, &request.params),
            ("initialize", Some(_)) => refuse(ErrorCode::InvalidRequest, "the server is initialized already"),
            (_, None) => refuse(ErrorCode::ServerNotInitialized, "`initialize` comes first"),
            ("shutdown", Some(_)) => {
                self.is_over = true;
                self.outbox.answer(&id, Ok(Value::Null));
            }
            (_, Some(tasks)) => _ = tasks.send(Task::Request(request)),
        }
    }

    fn take_notification(&mut self, notification: Notification) {
        let Some(tasks) = &self.tasks else { return };
        if notification.method == "$/cancelRequest" {
            let id = notification.params.get("id").cloned();
            if let Some(id) = id.and_then(|id| serde_json::from_value::<RequestId>(id).ok()) {
                self.outbox.answer(&id, Err(Refusal::new(ErrorCode::RequestCanceled, "cancelled")));
            }
            return;
        }
        let _ = tasks.send(Task::Notification(notification));
    }

    fn start(&mut self, id: &RequestId, params: &Value) {
        let Some((args, from_args)) = self.options.take() else { return };
        let client = Client::of(params);
        let options = Options { args, from_args, is_unwatched: !client.watches };
        let (sender, tasks) = channel();
        let outbox = self.outbox.clone();
        self.pool.spawn(move || Engine::new(outbox, client, options).run(&tasks));
        self.tasks = Some(sender);
        let server = json!({ "name": "orm-lint", "version": env!("CARGO_PKG_VERSION") });
        self.outbox.answer(id, Ok(json!({ "capabilities": client::capabilities(), "serverInfo": server })));
    }
}
