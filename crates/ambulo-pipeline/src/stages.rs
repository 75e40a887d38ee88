//! One function a stage, each from the values of the stages before it.

use std::collections::BTreeMap;

use ambulo::analysis::Indices;
use ambulo::bouts::{Bout, BoutKind, BoutSearch, find_bouts, find_bouts_2d};
use ambulo::cycles::{GaitCycle, RejectedCycle, find_cycles};
use ambulo::events::{self, Detection, GaitEvent};
use ambulo::identity::{self, ExchangeConfig, JumpConfig, SwapRepair};
use ambulo::indices::{self, IndexConfig};
use ambulo::keypoints::Keypoints2d;
use ambulo::kinematics::{self, AngleCurves, AngleSeries, CurveConfig, CurveInput};
use ambulo::normative;
use ambulo::parameters::{self, GaitParameters, ParameterId, Stride, SummaryContext};
use ambulo::scale::{self, Scale, ScaleSource};
use ambulo::signal::residual::cutoff_by_residuals;
use ambulo::signal::smooth::Smoothing;
use ambulo::subject::Subject;
use ambulo::trial::{Recording, Trial};
use ambulo::walk::{self, LengthUnit, PixelLengths, Walk, WalkConfig};

use crate::analyze::METRES;
use crate::config::{Config, EventChoice};
use crate::lifting::{self, LiftedPoses, Numbers};
use crate::read::LoadedTrial;

mod gate;

pub(crate) use gate::quality;

/// A recording made ready: identities repaired, jumps removed, scale known.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Prepared {
    pub(crate) recording: Recording,
    pub(crate) subject: Subject,
    /// Runs of frames whose legs were exchanged and put back.
    pub(crate) exchanged: Vec<[usize; 2]>,
    /// How far a whole video speaks for the legs' sides as they are, in half squared deviations.
    pub(crate) side_support: Option<f64>,
    /// Keypoints removed because they jumped.
    pub(crate) jumps: usize,
    /// The scale of keypoints.
    pub(crate) scale: Option<Scale>,
    /// Why keypoints have no scale.
    pub(crate) scale_error: Option<String>,
    pub(crate) notes: Vec<String>,
}

impl Prepared {
    pub(crate) fn length_unit(&self) -> LengthUnit {
        match (&self.recording, &self.scale) {
            (Recording::Motion(_), _) => METRES,
            (Recording::Keypoints(_), Some(scale)) => scale.unit,
            (Recording::Keypoints(_), None) => LengthUnit::LegLengths,
        }
    }

    /// Mean over frames, where the unit is the metre.
    pub(crate) fn pixels_per_metre(&self) -> Option<f64> {
        let scale = self.scale.as_ref()?;
        let pixels = &scale.pixels_per_unit;
        matches!(scale.unit, LengthUnit::Metres { .. })
            .then(|| pixels.iter().sum::<f64>() / pixels.len() as f64)
    }
}

/// Repairs and scales a recording.
pub(crate) fn prepare(loaded: &LoadedTrial, config: &Config) -> Prepared {
    let trial = &loaded.trial;
    let mut prepared = Prepared {
        recording: trial.recording.clone(),
        subject: trial.subject.clone(),
        exchanged: Vec::new(),
        side_support: loaded
            .pose2d
            .as_ref()
            .map(|pose2d| pose2d.legs.support + pose2d.legs.passage_support),
        jumps: 0,
        scale: None,
        scale_error: None,
        notes: trial.notes.clone(),
    };
    let Recording::Keypoints(keypoints) = &trial.recording else {
        return prepared;
    };
    let repaired = if keypoints.are_sides_decided() {
        SwapRepair::none(keypoints.clone())
    } else {
        identity::repair_keypoints(keypoints, &ExchangeConfig::default())
    };
    if !repaired.legs.is_empty() {
        prepared.notes.push(format!(
            "left and right leg were exchanged in {} frames ({} stretches) and put back",
            repaired.leg_frames(),
            repaired.legs.len()
        ));
    }
    let cleaned = identity::remove_jumps(&repaired.recording, &JumpConfig::default());
    if cleaned.count() > 0 {
        prepared.notes.push(format!(
            "{} keypoints that jumped away and back were removed",
            cleaned.count()
        ));
    }
    let source = match config.input.known_distance {
        Some([distance_m, from_px, to_px]) => ScaleSource::Distance {
            distance_m,
            between_px: [from_px, to_px],
        },
        None => ScaleSource::of(&trial.subject),
    };
    match scale::estimate_scale(&cleaned.recording, &source) {
        Ok(scale) => {
            prepared.notes.push(scale.note.clone());
            prepared.scale = Some(scale);
        }
        Err(error) => prepared.scale_error = Some(error.to_string()),
    }
    prepared.exchanged = repaired.legs;
    prepared.jumps = cleaned.count();
    prepared.recording = Recording::Keypoints(cleaned.recording.with_sides_decided());
    prepared
}

/// Finds the stretches of walking.
pub(crate) fn bouts(prepared: &Prepared, config: &Config) -> BoutSearch {
    let settings = ambulo::bouts::BoutConfig {
        surface: config.surface,
        ..config.bouts.clone()
    };
    match &prepared.recording {
        Recording::Motion(motion) => find_bouts(motion, &settings),
        Recording::Keypoints(keypoints) => find_bouts_2d(keypoints, &settings),
    }
}

/// The walks of a trial with their events and cycles.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Walked {
    /// One walk for each bout, in the order of the bouts.
    pub(crate) walks: Vec<Walk>,
    /// All events, in order of time.
    pub(crate) events: Vec<GaitEvent>,
    /// What each detector found in each stretch.
    pub(crate) detections: Vec<Detection>,
    /// Clean cycles.
    pub(crate) cycles: Vec<GaitCycle>,
    /// Cycles left out.
    pub(crate) rejected: Vec<RejectedCycle>,
    /// Standard error of one event's time, as the detectors scatter.
    pub(crate) event_timing_sd_s: f64,
}

impl Walked {
    /// Bouts that are walked straight, with their walks and the cycles inside.
    pub(crate) fn straight<'a>(
        &'a self,
        bouts: &'a [Bout],
    ) -> impl Iterator<Item = (usize, &'a Walk, Vec<GaitCycle>)> {
        bouts
            .iter()
            .zip(&self.walks)
            .enumerate()
            .filter(|(_, (bout, _))| bout.kind == BoutKind::Straight)
            .map(|(index, (_, walk))| {
                let cycles = self.cycles.iter().filter(|cycle| cycle.bout == index);
                (index, walk, cycles.copied().collect())
            })
    }
}

/// Finds events over each continuous stretch of walking, turns included, and the cycles between them.
pub(crate) fn events(
    trial: &Trial,
    prepared: &Prepared,
    search: &BoutSearch,
    config: &Config,
) -> Walked {
    let walk_of = |bout: &Bout| walk_of(bout, search, prepared, config);
    let walks: Vec<Walk> = search.bouts.iter().map(walk_of).collect();
    let detections: Vec<Detection> = match config.input.events {
        EventChoice::File => Vec::new(),
        EventChoice::Auto | EventChoice::Detect => search
            .stretches()
            .into_iter()
            .filter_map(walk::joined)
            .map(|stretch| events::detect(&walk_of(&stretch), &config.events))
            .collect(),
    };
    let detected: Vec<GaitEvent> = detections
        .iter()
        .flat_map(|detection| detection.events.iter().copied())
        .collect();
    let events = match config.input.events {
        EventChoice::Detect => detected,
        EventChoice::Auto | EventChoice::File => events::merge(&trial.events, &detected),
    };
    let found = find_cycles(&events, &search.bouts, &config.cycles);
    Walked {
        event_timing_sd_s: timing_sd_s(&detections, trial.time().median_step_s()),
        walks,
        events,
        detections,
        cycles: found.cycles,
        rejected: found.rejected,
    }
}

fn walk_of(bout: &Bout, search: &BoutSearch, prepared: &Prepared, config: &Config) -> Walk {
    match &prepared.recording {
        Recording::Motion(motion) => {
            let subject = &prepared.subject;
            walk::from_motion(motion, bout, &config.walk, config.surface, subject)
        }
        Recording::Keypoints(keypoints) => {
            let lengths = pixel_lengths(keypoints, bout, prepared);
            // A joined stretch has the view of the bout it begins with.
            let index = search
                .bouts
                .iter()
                .position(|have| have.start_frame == bout.start_frame)
                .unwrap_or(0);
            let view = search.facts[index].view;
            walk::from_keypoints(
                keypoints,
                bout,
                &lengths,
                &config.walk,
                view,
                config.surface,
                &prepared.subject,
            )
        }
    }
}

/// What a pixel is long in a bout. A walker who turns and comes back does so at another distance
/// from the camera, so each bout has a scale of its own, where it is long enough to show one.
fn pixel_lengths(keypoints: &Keypoints2d, bout: &Bout, prepared: &Prepared) -> PixelLengths {
    let Some(scale) = &prepared.scale else {
        // Nothing of the body is measured then; any unit serves, and timing remains.
        return PixelLengths {
            per_px: vec![1.0; keypoints.frames()],
            unit: LengthUnit::LegLengths,
        };
    };
    let mut per_px: Vec<f64> = scale.pixels_per_unit.iter().map(|px| 1.0 / px).collect();
    let mut unit = scale.unit;
    let is_distance = matches!(scale.source, ScaleSource::Distance { .. });
    let is_part = bout.end_frame - bout.start_frame < keypoints.frames();
    if is_part && !is_distance {
        let seen = keypoints.cut(bout.start_frame..bout.end_frame);
        if let Ok(own) = scale::estimate_scale(&seen, &scale.source) {
            unit = own.unit;
            let frames = bout.start_frame..bout.end_frame;
            for (length, px) in per_px[frames].iter_mut().zip(&own.pixels_per_unit) {
                *length = 1.0 / px;
            }
            // The filters look beyond the bout: its ends go on, without a step.
            let (first, last) = (per_px[bout.start_frame], per_px[bout.end_frame - 1]);
            per_px[..bout.start_frame].fill(first);
            per_px[bout.end_frame..].fill(last);
        }
    }
    PixelLengths { per_px, unit }
}

/// Standard error of a consensus event's time: median over events of the detectors' scatter divided
/// by the square root of their number, at least that of a frame's width.
fn timing_sd_s(detections: &[Detection], step_s: Option<f64>) -> f64 {
    let least_s = step_s.unwrap_or(0.0) / 12.0_f64.sqrt();
    let mut scatters: Vec<f64> = Vec::new();
    for detection in detections {
        for event in &detection.events {
            let times_s: Vec<f64> = detection
                .by_detector
                .iter()
                .flat_map(|detected| &detected.events)
                .filter(|seen| seen.side == event.side && seen.kind == event.kind)
                .map(|seen| seen.time_s - event.time_s)
                .filter(|apart_s| apart_s.abs() < 0.06)
                .collect();
            if times_s.len() >= 2 {
                let n = times_s.len() as f64;
                let mean = times_s.iter().sum::<f64>() / n;
                let squares: f64 = times_s.iter().map(|t| (t - mean).powi(2)).sum();
                scatters.push((squares / (n - 1.0) / n).sqrt());
            }
        }
    }
    scatters.sort_by(f64::total_cmp);
    scatters
        .get(scatters.len() / 2)
        .copied()
        .unwrap_or(least_s)
        .max(least_s)
}

/// The cut-off of the filter of joints in space for angles, as the recording's noise asks for it.
/// `None` for keypoints, whose noise always asks for the walk's own.
pub(crate) fn angle_cutoff_hz(prepared: &Prepared, config: &Config) -> Option<f64> {
    let Recording::Motion(motion) = &prepared.recording else {
        return None;
    };
    let signals: Vec<Vec<Option<f64>>> = motion
        .joints()
        .iter()
        .filter_map(|&joint| motion.trajectory(joint))
        .flat_map(|points| {
            [0, 1, 2].map(|axis| points.iter().map(|p| p.map(|p| p[axis])).collect())
        })
        .collect();
    let lowest_hz = config.walk.markers.cutoff_hz;
    let range_hz = [lowest_hz, config.angles.highest_cutoff_hz.max(lowest_hz)];
    let times_s = motion.time().times_s();
    Some(cutoff_by_residuals(times_s, &signals, range_hz))
}

/// Joint angles of each bout, in the frames of its walk: the file's own lead, ours fill in.
///
/// Events want a steady filter, and were validated with it; it rounds the angles of a fast knee by
/// more than a degree. Angles are therefore taken from the same walk filtered at `cutoff_hz`.
pub(crate) fn angles(
    trial: &Trial,
    prepared: &Prepared,
    search: &BoutSearch,
    walked: &Walked,
    cutoff_hz: Option<f64>,
    config: &Config,
) -> Vec<AngleSeries> {
    let cutoff_hz = cutoff_hz.unwrap_or(config.walk.markers.cutoff_hz);
    let smoothing = Smoothing {
        cutoff_hz,
        ..config.walk.markers
    };
    let fine = Config {
        walk: WalkConfig {
            markers: smoothing,
            // A pelvis stays rigid only if all its markers pass one filter.
            pelvis: smoothing,
            ..config.walk.clone()
        },
        ..config.clone()
    };
    search
        .bouts
        .iter()
        .zip(&walked.walks)
        .map(|(bout, walk)| {
            let computed = match &prepared.recording {
                Recording::Motion(_) => {
                    let fine_walk = walk_of(bout, search, prepared, &fine);
                    kinematics::angles(&fine_walk, &config.angles)
                }
                Recording::Keypoints(_) => kinematics::angles(walk, &config.angles),
            };
            match &trial.angles {
                Some(stored) => {
                    let frames = walk.start_frame()..walk.start_frame() + walk.frames();
                    kinematics::prefer_file(&stored.cut(frames), computed)
                }
                None => computed,
            }
        })
        .collect()
}

/// Measures every stride and summarises the clean straight ones.
pub(crate) fn parameters(
    search: &BoutSearch,
    prepared: &Prepared,
    walked: &Walked,
    angles: &[AngleSeries],
    config: &Config,
) -> (Vec<Stride>, GaitParameters) {
    let mut strides: Vec<Stride> = Vec::new();
    for (index, walk, cycles) in walked.straight(&search.bouts) {
        strides.extend(parameters::measure(
            walk,
            &cycles,
            &angles[index],
            &config.parameters,
        ));
    }
    strides.sort_by(|a, b| a.start_s.total_cmp(&b.start_s).then(a.side.cmp(&b.side)));
    let context = walked
        .straight(&search.bouts)
        .map(|(_, walk, _)| walk)
        .next()
        .or_else(|| walked.walks.first())
        .map_or_else(
            || empty_context(prepared, config),
            |walk| SummaryContext::of(walk, walked.event_timing_sd_s, &config.parameters),
        );
    let parameters = parameters::summarise(&strides, &context, &config.parameters);
    (strides, parameters)
}

/// The context of a trial without any walk, in which everything is withheld.
fn empty_context(prepared: &Prepared, config: &Config) -> SummaryContext {
    SummaryContext {
        view: match prepared.recording {
            Recording::Motion(_) => ambulo::walk::View::Spatial,
            Recording::Keypoints(_) => ambulo::walk::View::Sagittal,
        },
        unit: prepared.length_unit(),
        surface: config.surface,
        leg_length: None,
        event_timing_sd_s: 0.0,
        balance: None,
        cautions: BTreeMap::new(),
    }
}

/// Angle curves over the clean straight cycles of all bouts.
pub(crate) fn curves(search: &BoutSearch, walked: &Walked, angles: &[AngleSeries]) -> AngleCurves {
    let cycles: Vec<(usize, &Walk, Vec<GaitCycle>)> = walked.straight(&search.bouts).collect();
    let items: Vec<CurveInput<'_>> = cycles
        .iter()
        .map(|(index, walk, cycles)| CurveInput {
            series: &angles[*index],
            times_s: walk
                .time()
                .times_s()
                .iter()
                .map(|time_s| time_s + walk.start_time_s())
                .collect(),
            cycles,
        })
        .collect();
    kinematics::curves(&items, &CurveConfig::default())
}

/// What the lifted motion gives over the same cycles, and what leads.
pub(crate) fn lifted(
    poses: &LiftedPoses,
    prepared: &Prepared,
    search: &BoutSearch,
    walked: &Walked,
    measured: (&GaitParameters, &AngleCurves),
    config: &Config,
) -> Result<Numbers, String> {
    let Recording::Keypoints(keypoints) = &prepared.recording else {
        return Err("the recording is in space already".to_owned());
    };
    let subject = &prepared.subject;
    let evidence = (search, walked);
    lifting::lifted_numbers(poses, keypoints, subject, evidence, measured, config)
        .map_err(|error| error.to_string())
}

/// Walking speed in m/s, where it was measured: norms depend on it.
pub(crate) fn speed_mps(parameters: &GaitParameters) -> Option<f64> {
    let speed = parameters.get(&ParameterId::Speed)?.both.as_ref()?;
    speed.value.filter(|_| speed.unit == "m/s")
}

/// Indices of deviation from the shipped norm, and from the user's reference if there is one.
pub(crate) fn indices(curves: &AngleCurves, config: &Config) -> Indices {
    let reference = normative::index_reference();
    let gdi = config.gdi.as_ref().map(|file| &file.reference);
    indices::indices(curves, &reference, gdi, IndexConfig::default())
}
