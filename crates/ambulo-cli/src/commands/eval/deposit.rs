//! The walks of the deposit of Shida et al. (2023), for whoever has it.

use std::fmt::Write as _;
use std::path::Path;

use ambulo::trial::Trial;
use ambulo_train::datasets::shida::{Shida, ShidaWalk};

use crate::progress::Progress;

/// What was made of the deposit's walks.
pub(super) struct Deposit<T> {
    /// Of each walk that could be used; there is one at least.
    pub(super) used: Vec<T>,
    /// People of the deposit, used or not.
    pub(super) people: usize,
    walks: usize,
    left_out: usize,
    unreadable: Vec<String>,
}

/// Makes something of every walk whose session has a score. `make` answers `None` for a walk of which nothing can be
/// made: it is left out and counted.
///
/// # Errors
///
/// If the folder is not the deposit, or none of its walks can be used.
pub(super) fn read<T>(
    folder: &Path,
    mut make: impl FnMut(&ShidaWalk, u8, Trial) -> Option<T>,
) -> anyhow::Result<Deposit<T>> {
    let shida = Shida::open(folder)?;
    let mut deposit = Deposit {
        used: Vec::new(),
        people: shida.subjects().len(),
        walks: shida.walks.len(),
        left_out: 0,
        unreadable: Vec::new(),
    };
    let mut progress = Progress::new(false);
    for (done, walk) in shida.walks.iter().enumerate() {
        progress.stage(&format!("walks: {done} of {}", shida.walks.len()));
        let Some(score) = walk.score else {
            deposit.left_out += 1;
            continue;
        };
        match walk.read() {
            Ok(trial) => match make(walk, score, trial) {
                Some(own) => deposit.used.push(own),
                None => deposit.left_out += 1,
            },
            Err(why) => {
                let why = format!("{:#}", anyhow::Error::from(why));
                deposit.unreadable.push(why);
            }
        }
    }
    progress.finish();
    anyhow::ensure!(
        !deposit.used.is_empty(),
        "none of the {} walks could be used: {} without score or analysis, {} unreadable{}",
        deposit.walks,
        deposit.left_out,
        deposit.unreadable.len(),
        deposit
            .unreadable
            .first()
            .map_or_else(String::new, |it| format!(": {it}"))
    );
    Ok(deposit)
}

impl<T> Deposit<T> {
    /// How many walks there are, and which were left out.
    pub(super) fn heading(&self) -> String {
        let mut text = format!(
            "Shida et al. (2023): {} walks of {} people; {} without score or analysis, {} unreadable\n",
            self.walks,
            self.people,
            self.left_out,
            self.unreadable.len()
        );
        for why in &self.unreadable {
            let _ = writeln!(text, "  left out: {why}");
        }
        text
    }
}
