//! Messages to the person at the terminal, all on standard error.
#![expect(clippy::print_stderr, reason = "the one place that speaks to the user")]

use std::io::{IsTerminal as _, Write as _};

/// Says what happens: a line that rewrites itself on a terminal, plain lines elsewhere.
#[derive(Debug)]
pub(crate) struct Progress {
    terminal: bool,
    quiet: bool,
    shown: usize,
}

impl Progress {
    /// Progress for a run; a quiet one says nothing.
    pub(crate) fn new(quiet: bool) -> Self {
        Self {
            terminal: std::io::stderr().is_terminal(),
            quiet,
            shown: 0,
        }
    }

    /// Announces a stage.
    pub(crate) fn stage(&mut self, stage: &str) {
        if self.quiet {
            return;
        }
        if self.terminal {
            let blank = self.shown.saturating_sub(stage.chars().count());
            eprint!("\r  {stage} …{:blank$}", "");
            let _ = std::io::stderr().flush();
            self.shown = stage.chars().count();
        } else {
            eprintln!("{stage}");
        }
    }

    /// Says how far a long stage has come: on a terminal now and then, elsewhere every few hundred steps.
    pub(crate) fn count(&mut self, stage: &str, done: u64, of: Option<u64>) {
        let every = if self.terminal { 5 } else { 500 };
        if done.is_multiple_of(every) {
            match of {
                Some(of) => self.stage(&format!("{stage}: frame {done} of {of}")),
                None => self.stage(&format!("{stage}: frame {done}")),
            }
        }
    }

    /// Clears the line, so that what follows starts at its beginning.
    pub(crate) fn finish(&mut self) {
        if self.terminal && self.shown > 0 {
            eprint!("\r{:width$}\r", "", width = self.shown + 4);
            let _ = std::io::stderr().flush();
            self.shown = 0;
        }
    }
}

/// One line for the person: a note, a warning, a reason.
pub(crate) fn say(message: &str) {
    eprintln!("{}", one_line(message));
}

/// One line for an error with its causes.
pub(crate) fn error(error: &anyhow::Error) {
    let mut chain: Vec<String> = Vec::new();
    for cause in error.chain().map(ToString::to_string) {
        // Some libraries repeat the cause inside their own message.
        if !chain.iter().any(|said| said.contains(&cause)) {
            chain.push(cause);
        }
    }
    eprintln!("ambulo: error: {}", one_line(&chain.join(": ")));
}

fn one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}
