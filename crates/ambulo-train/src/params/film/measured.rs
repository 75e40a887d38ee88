//! What the classical path measures in a motion.

use ambulo::PerSide;
use ambulo::bouts::{BoutConfig, BoutKind, find_bouts};
use ambulo::cycles::{CycleConfig, GaitCycle, find_cycles};
use ambulo::events::{self, EventConfig};
use ambulo::indices::{IndexConfig, indices};
use ambulo::kinematics::{AngleConfig, AngleCurves, CurveConfig, CurveInput, angles, curves};
use ambulo::motion::Motion3d;
use ambulo::normative::index_reference;
use ambulo::parameters::{
    GaitParameters, ParameterConfig, ParameterId, Summary, SummaryContext, measure, summarise,
};
use ambulo::signal::smooth::Smoothing;
use ambulo::subject::Subject;
use ambulo::walk::{Surface, WalkConfig, from_motion};

use crate::params::Truth;

/// Cut-off of the filter of joints for angles: these motions have little noise.
const ANGLE_CUTOFF_HZ: f64 = 12.0;
/// Steps a minute of one stride a second.
const STEPS_PER_MIN: f64 = 120.0;

/// The straight walk of a motion.
pub(crate) struct Measured {
    /// Clean straight cycles of both sides, in order of time.
    pub(crate) cycles: Vec<GaitCycle>,
    pub(crate) parameters: GaitParameters,
    angles: AngleCurves,
}

/// Measures the longest straight bout of a motion. `None` if nobody walks straight in it.
pub(crate) fn measured(motion: &Motion3d) -> Option<Measured> {
    let search = find_bouts(motion, &BoutConfig::default());
    let straight = search
        .bouts
        .iter()
        .filter(|bout| bout.kind == BoutKind::Straight);
    let bout = straight.max_by(|a, b| (a.end_s - a.start_s).total_cmp(&(b.end_s - b.start_s)))?;
    let walk_with = |config: &WalkConfig| {
        from_motion(
            motion,
            bout,
            config,
            Surface::Overground,
            &Subject::default(),
        )
    };
    let config = WalkConfig::default();
    let walk = walk_with(&config);
    let detection = events::detect(&walk, &EventConfig::default());
    let bouts = std::slice::from_ref(bout);
    let mut cycles = find_cycles(&detection.events, bouts, &CycleConfig::default()).cycles;
    cycles.retain(|cycle| cycle.straight);
    let smoothing = Smoothing::with_cutoff(ANGLE_CUTOFF_HZ);
    let fine = walk_with(&WalkConfig {
        markers: smoothing,
        pelvis: smoothing,
        ..config
    });
    let series = angles(&fine, &AngleConfig::default());
    let config = ParameterConfig::default();
    let strides = measure(&walk, &cycles, &series, &config);
    let context = SummaryContext::of(&walk, 0.0, &config);
    let input = CurveInput::of_walk(&walk, &series, &cycles);
    Some(Measured {
        parameters: summarise(&strides, &context, &config),
        angles: curves(&[input], &CurveConfig::default()),
        cycles,
    })
}

impl Measured {
    /// The targets of networks that estimate gait parameters.
    ///
    /// GDI* here takes in hip rotation and foot progression as joint centres give them.
    pub(crate) fn truth(&self) -> Truth {
        let config = IndexConfig {
            with_approximate: true,
        };
        let found = indices(&self.angles, &index_reference(), None, config);
        let whole = |id| value(self.parameters.get(&id)?.both.as_ref());
        let knee = self
            .parameters
            .get(&ParameterId::KneeFlexionMaximumExtension);
        Truth {
            gdi: found.gdi_star,
            knee_flexion_deg: knee.map_or_else(PerSide::default, |knee| PerSide {
                left: value(knee.left.as_ref()),
                right: value(knee.right.as_ref()),
            }),
            speed_mps: whole(ParameterId::Speed),
            cadence_hz: whole(ParameterId::Cadence).map(|spm| spm / STEPS_PER_MIN),
        }
    }
}

fn value(summary: Option<&Summary>) -> Option<f64> {
    summary.and_then(|summary| summary.value)
}
