//! What networks estimate from keypoints, beside what is measured: never a number without an interval.

use std::collections::BTreeMap;

use ambulo::Side;
use ambulo::analysis::Analysis;
use ambulo::keypoints::{Keypoint, Keypoints2d};
use ambulo::parameters::Status;
use ambulo::skeleton::Joint;
use ambulo::synth::{self, Camera, Walker};
use ambulo::trial::{Recording, Trial};
use ambulo_io::formats::Format;
use ambulo_io::keypoints::KeypointFormat;
use ambulo_nn::codec::params::{Correction, Residuals, Target};
use ambulo_nn::config::NetworkConfig;
use ambulo_nn::estimator::Estimator;
use ambulo_nn::tensors::{Tensor, Tensors};
use ambulo_nn::threads::Threads;
use ambulo_nn::weights::{Weights, WeightsInfo};
use ambulo_pipeline::analyze;
use ambulo_pipeline::config::Config;
use ambulo_pipeline::estimates::{Estimates, Known, estimates};
use ambulo_pipeline::read::LoadedTrial;

/// A network that always answers the smallest number of its training, with errors known or not.
fn constant(preset: &str, target: Target, smallest: f64, are_errors_known: bool) -> Estimator {
    let config = NetworkConfig::preset(preset).unwrap();
    let mut tensors = Tensors::new();
    for shape in config.tensor_shapes() {
        tensors.insert(shape.name, Tensor::zeros(shape.shape));
    }
    let correction = Correction {
        target_min: smallest,
        target_range: 1.0,
        ols_slope: 1.0,
        ols_intercept: 0.0,
    };
    let residuals = Residuals {
        people: 6,
        recordings: 60,
        low: -0.2,
        high: 0.1,
        rms: 0.05,
    };
    let mut notes = BTreeMap::from([
        (Target::NOTE.to_owned(), target.name().to_owned()),
        (
            Correction::NOTE.to_owned(),
            serde_json::to_string(&correction).unwrap(),
        ),
    ]);
    if are_errors_known {
        let json = serde_json::to_string(&residuals).unwrap();
        notes.insert(Residuals::NOTE.to_owned(), json);
    }
    let info = WeightsInfo {
        id: preset.to_owned(),
        version: "1".to_owned(),
        notes,
    };
    let weights = Weights::new(config, tensors, info).unwrap();
    Estimator::new(&weights, Threads::new(1)).unwrap()
}

fn every_estimator() -> Vec<Estimator> {
    vec![
        constant("stt_8", Target::Speed, 1.1, true),
        constant("cnn1d_23", Target::Cadence, 0.9, true),
        constant("stt_4", Target::KneeFlexionMaximumExtension, 8.0, true),
        constant("cnn1d_12", Target::Gdi, 95.0, true),
    ]
}

fn filmed(azimuth_deg: f64) -> Keypoints2d {
    let walker = Walker {
        strides: 9,
        ..Walker::default()
    };
    let trial = synth::walk(&walker.at_rate(25.0)).unwrap();
    let camera = Camera {
        skeleton: "body25".to_owned(),
        azimuth_deg,
        ..Camera::beside(Side::Right, 20.0)
    };
    synth::film(&trial, &camera)
}

fn without(keypoints: &Keypoints2d, is_gone: impl Fn(usize, Joint) -> bool) -> Keypoints2d {
    let joints = keypoints.joints();
    let points = keypoints.points().iter().enumerate();
    let points: Vec<Option<Keypoint>> = points
        .map(|(index, point)| {
            point.filter(|_| !is_gone(index / joints.len(), joints[index % joints.len()]))
        })
        .collect();
    Keypoints2d::new(joints.to_vec(), keypoints.time().clone(), None, points).unwrap()
}

fn analysed(keypoints: &Keypoints2d, height_m: Option<f64>) -> Analysis {
    let mut config = Config::default();
    config.subject.height_m = height_m;
    let mut trial = Trial::new(Recording::Keypoints(keypoints.clone()));
    trial.subject = config.subject.clone();
    let loaded = LoadedTrial {
        trial,
        name: "walk".to_owned(),
        format: Format::Keypoints(KeypointFormat::Ambulo),
        sha256: String::new(),
        pose2d: None,
    };
    analyze(&loaded, &config, &mut |_| {}).analysis
}

fn estimated(
    keypoints: &Keypoints2d,
    height_m: Option<f64>,
    estimators: &mut [Estimator],
) -> Estimates {
    let analysis = analysed(keypoints, height_m);
    let known = Known {
        bouts: &analysis.bouts,
        parameters: &analysis.parameters,
        indices: &analysis.indices,
    };
    estimates(keypoints, &known, estimators)
}

#[test]
fn every_estimate_has_an_interval_and_the_measured_number_leads_where_the_scale_is_known() {
    let found = estimated(&filmed(90.0), Some(1.75), &mut every_estimator());
    assert_eq!(found.not_estimated, BTreeMap::new());
    let names: Vec<&str> = found.learned.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "cadence",
            "gdi_star_left",
            "gdi_star_right",
            "knee_flexion_maximum_extension_left",
            "knee_flexion_maximum_extension_right",
            "speed",
        ]
    );
    for (name, learned) in &found.learned {
        assert!(
            learned.ci95[0] < learned.value && learned.value < learned.ci95[1],
            "{name}"
        );
        assert_eq!(
            (learned.status, &learned.reason),
            (Status::Valid, &None),
            "{name}"
        );
        // Nothing but a network tells GDI* from one camera.
        assert_eq!(learned.leads, name.starts_with("gdi"), "{name}");
    }
    let cadence = &found.learned["cadence"];
    assert_eq!(
        (cadence.unit.as_str(), cadence.model.as_str()),
        ("steps/min", "cnn1d_23 1")
    );
    assert!((cadence.value - 108.0).abs() < 1e-3);
    assert!(
        (cadence.ci95[0] - 120.0 * 0.7).abs() < 1e-3,
        "{:?}",
        cadence.ci95
    );
    let method = found.method.unwrap();
    assert!(method.settings["speed"].contains("6 people"));
}

#[test]
fn without_a_scale_the_estimated_speed_is_the_one_to_go_by() {
    let found = estimated(&filmed(90.0), None, &mut every_estimator());
    assert!(found.learned["speed"].leads);
    assert!(!found.learned["cadence"].leads);
}

#[test]
fn what_cannot_be_estimated_is_refused_and_says_what_to_do() {
    let side = filmed(90.0);
    let one_leg = without(&side, |_, joint| joint.side() == Some(Side::Left));
    let gaps = without(&side, |frame, joint| {
        joint == Joint::RightKnee && frame % 2 == 0
    });
    for (what, keypoints, said) in [
        ("short", side.cut(0..123), "film at least 5 s"),
        ("frontal", filmed(0.0), "film a walk from the side"),
        ("one leg", one_leg, "both legs must be seen"),
        ("gaps", gaps, "right_knee was seen in only 62 frames"),
    ] {
        let found = estimated(&keypoints, Some(1.75), &mut every_estimator());
        assert!(found.learned.is_empty(), "{what}: {:?}", found.learned);
        assert_eq!(found.not_estimated.len(), 6, "{what}");
        for why in found.not_estimated.values() {
            assert!(why.contains(said), "{what}: {why}");
        }
    }
}

#[test]
fn some_gaps_widen_the_interval_and_are_told() {
    let width = |keypoints: &Keypoints2d| {
        let found = estimated(keypoints, Some(1.75), &mut every_estimator());
        let speed = found.learned["speed"].clone();
        (speed.ci95[1] - speed.ci95[0], speed)
    };
    let side = filmed(90.0);
    let (whole, _) = width(&side);
    let gaps = without(&side, |frame, joint| {
        joint.side() == Some(Side::Left) && frame % 10 < 2
    });
    let (with_gaps, speed) = width(&gaps);
    assert!(with_gaps > 1.3 * whole, "{with_gaps} beside {whole}");
    assert_eq!(speed.status, Status::Caution);
    assert!(speed.reason.unwrap().contains("not seen but bridged"));
}

#[test]
fn weights_that_do_not_know_their_errors_give_no_number() {
    let mut blind = [constant("stt_8", Target::Speed, 1.1, false)];
    let found = estimated(&filmed(90.0), None, &mut blind);
    assert!(found.learned.is_empty());
    assert!(found.not_estimated["speed"].contains("would have no interval"));
}
