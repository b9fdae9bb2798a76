//! What a long run is at, on one line of standard error that is taken away again. Only where somebody looks: on a terminal.
//!
//! A run that is over at once shows nothing.

use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// How long a run may take before anything is shown.
const PATIENCE: Duration = Duration::from_millis(400);

/// How often the line changes.
const PACE: Duration = Duration::from_millis(100);

/// How many files this process has read. One number for the process, so that what reads need not be handed one.
static READ: AtomicUsize = AtomicUsize::new(0);

/// Takes note of a file that was read.
pub fn count_read() {
    READ.fetch_add(1, Ordering::Relaxed);
}

/// The line. It is gone when this is dropped.
pub struct Progress {
    shared: Option<(Arc<Shared>, JoinHandle<()>)>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// What is being done; the files that were read are counted where nothing is said.
    step: Option<String>,
    is_over: bool,
}

impl Progress {
    /// Starts to look, if there is anybody to show it to.
    pub fn start() -> Self {
        let is_watched = std::io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        if is_watched { Self::on(std::io::stderr(), PATIENCE) } else { Self { shared: None } }
    }

    fn on(mut out: impl Write + Send + 'static, patience: Duration) -> Self {
        READ.store(0, Ordering::Relaxed);
        let shared = Arc::new(Shared::default());
        let seen = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("progress".to_owned()).spawn(move || seen.show(&mut out, patience));
        Self { shared: thread.ok().map(|thread| (shared, thread)) }
    }

    /// Says what comes next.
    pub fn step(&self, step: &str) {
        if let Some((shared, _)) = &self.shared {
            shared.lock().step = Some(step.to_owned());
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((shared, thread)) = self.shared.take() {
            shared.lock().is_over = true;
            shared.changed.notify_all();
            // It ends at once, and what it may have met is nothing to stop for.
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn show(&self, out: &mut impl Write, patience: Duration) {
        let mut pause = patience;
        let mut is_shown = false;
        loop {
            let (state, _) =
                self.changed.wait_timeout_while(self.lock(), pause, |state| !state.is_over).unwrap_or_else(PoisonError::into_inner);
            if state.is_over {
                break;
            }
            let step = state.step.clone().unwrap_or_else(|| format!("{} files read", READ.load(Ordering::Relaxed)));
            drop(state);
            // To the beginning of the line, and away with what is on it.
            let _ = write!(out, "\r\x1b[K{step} …");
            let _ = out.flush();
            is_shown = true;
            pause = PACE;
        }
        if is_shown {
            let _ = write!(out, "\r\x1b[K");
            let _ = out.flush();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Default)]
    struct Screen(Arc<Mutex<Vec<u8>>>);

    impl Write for Screen {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().expect("the screen").extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn shown(patience: Duration, steps: &[&str]) -> String {
        let screen = Screen::default();
        let progress = Progress::on(screen.clone(), patience);
        for step in steps {
            progress.step(step);
            std::thread::sleep(PACE * 3);
        }
        drop(progress);
        let bytes = screen.0.lock().expect("the screen").clone();
        String::from_utf8(bytes).expect("text")
    }

    #[test]
    fn steps_are_shown_and_taken_away() {
        let said = shown(Duration::ZERO, &["one", "two"]);
        assert!(said.contains("\r\x1b[Kone …\r\x1b[K") && said.contains("two …") && said.ends_with("…\r\x1b[K"), "{said:?}");
    }

    #[test]
    fn short_runs_show_nothing() {
        assert_eq!(shown(Duration::from_secs(60), &["one"]), "");
    }
}
