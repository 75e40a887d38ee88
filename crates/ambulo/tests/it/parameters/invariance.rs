//! What changes no parameter: a mirror (but for the sides), more frames, another place, time or direction, a belt.

use ambulo::PerSide;
use ambulo::parameters::{
    GaitParameters, ParameterConfig, ParameterId, Status, Summary, SummaryContext, measure,
    summarise,
};
use ambulo::walk::Surface;

use super::formula::Walker;
use super::{parameters, strides, summary};

/// Compares two results, number by number.
#[track_caller]
fn assert_alike(a: &GaitParameters, b: &GaitParameters, tolerance: f64, except: &[ParameterId]) {
    for (&id, a) in a {
        if except.contains(&id) {
            continue;
        }
        let b = &b[&id];
        for (a, b) in [(&a.left, &b.left), (&a.right, &b.right), (&a.both, &b.both)] {
            let (a, b) = (a.as_ref(), b.as_ref());
            let value = |summary: Option<&Summary>| summary.and_then(|summary| summary.value);
            match (value(a), value(b)) {
                (Some(a), Some(b)) => assert!(
                    (a - b).abs() <= tolerance * a.abs().max(1e-2),
                    "{}: {a} and {b}",
                    id.name()
                ),
                (None, None) => {}
                _ => panic!("{}: {a:?} and {b:?}", id.name()),
            }
        }
    }
}

fn asymmetric() -> Walker {
    Walker {
        step_m: PerSide {
            left: 0.52,
            right: 0.66,
        },
        right_phase: 0.47,
        ..Walker::default()
    }
}

#[test]
fn mirroring_swaps_the_sides_exactly() {
    let walker = asymmetric();
    let config = ParameterConfig::default();
    let walk = walker.walk().mirrored();
    let cycles: Vec<_> = walker
        .cycles()
        .into_iter()
        .map(|mut cycle| {
            cycle.side = cycle.side.opposite();
            cycle
        })
        .collect();
    let mut angles = walker.angles();
    angles.tracks = angles.tracks.mirrored();
    let context = SummaryContext::of(&walk, 0.0, &config);
    let mirrored = summarise(
        &measure(&walk, &cycles, &angles, &config),
        &context,
        &config,
    );
    let original = parameters(&walker);
    for (id, original) in &original {
        let mirrored = &mirrored[id];
        let value = |summary: &Option<Summary>| summary.as_ref().and_then(|s| s.value);
        assert_eq!(
            value(&original.left),
            value(&mirrored.right),
            "{}",
            id.name()
        );
        assert_eq!(
            value(&original.right),
            value(&mirrored.left),
            "{}",
            id.name()
        );
        let (a, b) = (value(&original.both), value(&mirrored.both));
        assert!(
            a.zip(b).is_none_or(|(a, b)| (a - b).abs() < 1e-12),
            "{}",
            id.name()
        );
    }
}

#[test]
fn twice_the_frames_change_nothing() {
    let twice = Walker {
        rate_hz: 2.0 * asymmetric().rate_hz,
        ..asymmetric()
    };
    assert_alike(&parameters(&asymmetric()), &parameters(&twice), 0.02, &[]);
}

#[test]
fn moving_the_world_and_the_clock_changes_nothing() {
    let moved = Walker {
        origin_m: [7.0, 0.0, -3.0],
        start_time_s: 12.3,
        ..asymmetric()
    };
    assert_alike(&parameters(&asymmetric()), &parameters(&moved), 1e-6, &[]);
    for (here, there) in strides(&asymmetric()).iter().zip(strides(&moved)) {
        assert!((there.start_s - here.start_s - 12.3).abs() < 1e-9);
        assert_eq!(there.start_frame, here.start_frame + 1230);
    }
}

#[test]
fn turning_the_world_a_little_changes_nothing() {
    let turned = Walker {
        heading_deg: 5.0,
        ..asymmetric()
    };
    assert_alike(&parameters(&asymmetric()), &parameters(&turned), 2e-3, &[]);
}

#[test]
fn a_treadmill_gives_what_the_ground_gives() {
    let speed_mps = asymmetric().speed_mps();
    for declared in [Some(speed_mps), None] {
        let belt = Walker {
            surface: Surface::Treadmill {
                belt_speed_mps: declared,
            },
            ..asymmetric()
        };
        assert_alike(&parameters(&asymmetric()), &parameters(&belt), 1e-5, &[]);
        let status = summary(&parameters(&belt), ParameterId::Speed, None).status;
        assert_eq!(status == Status::Caution, declared.is_none());
    }
}
