//! Claims about the synthetic walker: its truth is exact and it moves like a person.

use ambulo::events::EventKind;
use ambulo::skeleton::{Joint, on};
use ambulo::synth::{Camera, FrameTimes, Path, SyntheticTrial, Variability, Walker, film, walk};
use ambulo::{PerSide, Side};
use nalgebra::Point3;

fn slow() -> Walker {
    Walker {
        speed_mps: 0.7,
        cadence_spm: 85.0,
        stance_pct: PerSide {
            left: 66.0,
            right: 66.0,
        },
        ..Walker::default()
    }
}

fn walkers() -> Vec<(&'static str, Walker)> {
    vec![
        ("adult", Walker::default()),
        ("child", Walker::child()),
        ("shuffling", Walker::shuffling()),
        ("fast", Walker::fast()),
        ("slow", slow()),
    ]
}

fn track(trial: &SyntheticTrial, joint: Joint) -> Vec<Point3<f64>> {
    trial
        .motion
        .trajectory(joint)
        .expect("the walker has the joint")
        .into_iter()
        .flatten()
        .collect()
}

#[track_caller]
fn close(a: f64, b: f64, tolerance: f64, what: &str) {
    assert!((a - b).abs() <= tolerance, "{what}: {a} is not {b}");
}

#[test]
fn the_truth_is_what_was_asked_for() {
    for (name, walker) in walkers() {
        let truth = walk(&walker).unwrap().truth;
        close(truth.speed_mps, walker.speed_mps, 1e-9, name);
        close(truth.cadence_spm, walker.cadence_spm, 1e-9, name);
        for side in Side::BOTH {
            close(
                *truth.step_length_m.get(side),
                walker.step_length_m(),
                1e-9,
                name,
            );
            close(
                *truth.step_width_m.get(side),
                walker.step_width_m,
                1e-9,
                name,
            );
            close(
                *truth.stance_pct.get(side),
                *walker.stance_pct.get(side),
                1e-9,
                name,
            );
            close(
                *truth.double_support_pct.get(side),
                walker.double_support_pct(),
                1e-9,
                name,
            );
            assert!(*truth.cycles.get(side) >= walker.strides, "{name}");
        }
    }
}

#[test]
fn planted_feet_do_not_move_and_no_foot_goes_through_the_floor() {
    for (name, walker) in walkers() {
        let trial = walk(&walker).unwrap();
        for side in Side::BOTH {
            let (heel, ball) = (track(&trial, on::heel(side)), track(&trial, on::toe(side)));
            for step in trial
                .truth
                .footsteps
                .iter()
                .filter(|step| step.side == side)
            {
                let off_s = step.off_s.unwrap();
                let stance_s = off_s - step.contact_s;
                for (frame, &time_s) in trial.motion.time().times_s().iter().enumerate() {
                    if time_s >= step.contact_s && time_s <= step.contact_s + 0.5 * stance_s {
                        close((heel[frame] - step.heel_m).norm(), 0.0, 1e-9, name);
                    }
                    if time_s >= step.contact_s + 0.2 * stance_s && time_s <= off_s {
                        close(ball[frame].y, 0.0, 1e-9, name);
                    }
                }
            }
            for joint in [on::heel(side), on::toe(side), on::big_toe(side)] {
                let lowest = track(&trial, joint)
                    .iter()
                    .map(|p| p.y)
                    .fold(f64::INFINITY, f64::min);
                assert!(lowest > -0.003, "{name}: {joint} at {lowest}");
            }
        }
    }
}

#[test]
fn bones_keep_their_length_and_velocity_never_jumps() {
    for (name, walker) in walkers() {
        let trial = walk(&walker.at_rate(1000.0)).unwrap();
        for side in Side::BOTH {
            for (a, b) in [
                (on::hip(side), on::knee(side)),
                (on::knee(side), on::ankle(side)),
                (on::heel(side), on::toe(side)),
            ] {
                let (a, b) = (track(&trial, a), track(&trial, b));
                let first = (a[0] - b[0]).norm();
                for (p, q) in a.iter().zip(&b) {
                    close((p - q).norm(), first, 1e-9, name);
                }
            }
            for joint in [
                on::heel(side),
                on::toe(side),
                on::ankle(side),
                Joint::Pelvis,
            ] {
                for three in track(&trial, joint).windows(3) {
                    let jump = ((three[2] - three[1]) - (three[1] - three[0])).norm() * 1000.0;
                    assert!(jump < 0.3, "{name}: {joint} jumps by {jump} m/s in 1 ms");
                }
            }
        }
    }
}

/// Milliseconds from a true event to the extreme of a signal around it.
fn offset_ms(signal: &[f64], at: usize, highest: bool) -> f64 {
    let (from, to) = (at.saturating_sub(150), (at + 150).min(signal.len()));
    let best = (from..to)
        .max_by(|&a, &b| {
            let order = signal[a].total_cmp(&signal[b]);
            if highest { order } else { order.reverse() }
        })
        .expect("a window around an event is not empty");
    best as f64 - at as f64
}

#[test]
fn published_detectors_have_their_extremes_at_the_true_events() {
    for (name, walker) in walkers() {
        let trial = walk(&walker.at_rate(1000.0)).unwrap();
        let pelvis = track(&trial, Joint::Pelvis);
        for event in &trial.truth.events {
            if event.frame < 150 || event.frame + 150 > pelvis.len() {
                continue;
            }
            let ahead = |joint| -> Vec<f64> {
                track(&trial, joint)
                    .iter()
                    .zip(&pelvis)
                    .map(|(p, root)| p.x - root.x)
                    .collect()
            };
            let contact = event.kind == EventKind::InitialContact;
            let zeni = if contact {
                on::heel(event.side)
            } else {
                on::toe(event.side)
            };
            for joint in [zeni, on::ankle(event.side)] {
                let offset = offset_ms(&ahead(joint), event.frame, contact);
                assert!(
                    offset.abs() <= 30.0,
                    "{name}: {joint} {:?} {offset} ms",
                    event.kind
                );
            }
        }
    }
}

#[test]
fn the_frame_rate_and_uneven_frames_change_no_truth() {
    let even = walk(&Walker::default()).unwrap();
    let times_s: Vec<f64> = (0..160)
        .map(|i| f64::from(i) * 0.03 + if i % 3 == 0 { 0.011 } else { 0.0 })
        .collect();
    let uneven = walk(&Walker {
        frames: FrameTimes::Explicit { times_s },
        ..Walker::default()
    })
    .unwrap();
    let first_s = 0.011;
    for event in &uneven.truth.events {
        assert!(
            even.truth
                .events
                .iter()
                .any(|other| other.kind == event.kind
                    && other.side == event.side
                    && (other.time_s - event.time_s - first_s).abs() < 1e-9)
        );
    }
}

#[test]
fn exchanging_the_sides_of_the_settings_mirrors_the_motion() {
    let walker = Walker {
        step_length_asymmetry: 0.1,
        step_time_asymmetry: 0.06,
        toe_out_deg: PerSide {
            left: 3.0,
            right: 12.0,
        },
        ..Walker::default()
    };
    let mirrored = Walker {
        step_length_asymmetry: -0.1,
        step_time_asymmetry: -0.06,
        toe_out_deg: walker.toe_out_deg.mirrored(),
        first: Side::Right,
        ..walker.clone()
    };
    let (a, b) = (walk(&walker).unwrap(), walk(&mirrored).unwrap());
    let b = b.motion.mirrored();
    for &joint in a.motion.joints() {
        let (p, q) = (
            a.motion.trajectory(joint).unwrap(),
            b.trajectory(joint).unwrap(),
        );
        for (p, q) in p.iter().zip(&q) {
            close((p.unwrap() - q.unwrap()).norm(), 0.0, 1e-9, joint.name());
        }
    }
}

#[test]
fn turns_treadmills_and_standing_are_possible() {
    for path in [
        Path::Turn {
            before_m: 5.0,
            angle_deg: 90.0,
            radius_m: 0.8,
            after_m: 5.0,
        },
        Path::ThereAndBack {
            length_m: 6.0,
            passes: 2,
        },
    ] {
        let trial = walk(&Walker {
            path,
            stand_before_s: 1.0,
            stand_after_s: 1.0,
            variability: Variability {
                step_time_pct: 2.0,
                step_length_pct: 3.0,
                foot_place_m: 0.01,
                seed: 4,
            },
            ..Walker::default()
        })
        .unwrap();
        assert!(trial.truth.footsteps.len() > 8);
        assert!(trial.truth.cycles.left + trial.truth.cycles.right >= 4);
        let pelvis = track(&trial, Joint::Pelvis);
        close(
            (pelvis[50] - pelvis[0]).norm(),
            0.0,
            1e-6,
            "stands at first",
        );
    }
    let belt = walk(&Walker {
        treadmill: true,
        ..Walker::default()
    })
    .unwrap();
    let pelvis = track(&belt, Joint::Pelvis);
    assert!((pelvis[pelvis.len() - 1] - pelvis[0]).norm() < 0.05);
}

#[test]
fn impossible_walkers_are_refused() {
    for walker in [
        Walker {
            speed_mps: f64::NAN,
            ..Walker::default()
        },
        Walker {
            speed_mps: 3.5,
            cadence_spm: 60.0,
            ..Walker::default()
        },
    ] {
        assert!(walk(&walker).is_err());
    }
}

#[test]
fn a_camera_on_the_right_sees_the_walker_move_to_the_right() {
    let trial = walk(&Walker::default()).unwrap();
    for (side, sign) in [(Side::Right, 1.0), (Side::Left, -1.0)] {
        let seen = film(&trial, &Camera::beside(side, 8.0));
        let hips: Vec<_> = seen
            .trajectory(Joint::LeftHip)
            .unwrap()
            .into_iter()
            .flatten()
            .collect();
        let moved = hips[hips.len() - 1].position_px.x - hips[0].position_px.x;
        assert!(moved * sign > 300.0, "{side:?} {moved}");
    }
}
