//! Bouts, walks, events and cycles of synthetic walkers, whose truth is known.

mod bouts;
mod cycles;
mod detection;
mod planar;

use ambulo::bouts::{BoutConfig, find_bouts};
use ambulo::events::{Detection, EventConfig, GaitEvent, detect};
use ambulo::motion::Motion3d;
use ambulo::subject::Subject;
use ambulo::synth::{SyntheticTrial, Walker, walk};
use ambulo::walk::{Surface, WalkConfig, from_motion, joined};

fn made(walker: &Walker) -> SyntheticTrial {
    walk(walker).expect("the walker can walk")
}

/// Events of every stretch of walking in a motion.
fn detected(motion: &Motion3d, surface: Surface) -> Vec<Detection> {
    let config = BoutConfig {
        surface,
        ..BoutConfig::default()
    };
    find_bouts(motion, &config)
        .stretches()
        .into_iter()
        .filter_map(joined)
        .map(|bout| {
            let walk = from_motion(
                motion,
                &bout,
                &WalkConfig::default(),
                surface,
                &Subject::default(),
            );
            detect(&walk, &EventConfig::default())
        })
        .collect()
}

fn events_of(motion: &Motion3d, surface: Surface) -> Vec<GaitEvent> {
    let all = detected(motion, surface);
    all.into_iter().flat_map(|found| found.events).collect()
}

/// The truth without what lies so near the ends that no detector can see its extreme.
fn inner_truth(trial: &SyntheticTrial) -> Vec<GaitEvent> {
    let end_s = trial.motion.time().duration_s();
    let inner = |event: &&GaitEvent| event.time_s > 0.15 && event.time_s < end_s - 0.15;
    trial.truth.events.iter().filter(inner).copied().collect()
}
