//! Margins of stability of bodies whose centre of mass moves by a formula.

use std::collections::BTreeMap;

use ambulo::Side;
use ambulo::balance::{CentreOfMassMethod, EdgeRule, PendulumRule, balance_method, centre_of_mass};
use ambulo::cycles::GaitCycle;
use ambulo::kinematics::AngleSeries;
use ambulo::parameters::{ParameterConfig, ParameterId, Stride, measure};
use ambulo::skeleton::{Joint, on};
use ambulo::time::TimeBase;
use ambulo::walk::{LengthUnit, Surface, View, Walk, WalkParts};
use nalgebra::Point3;

const SPEED_MPS: f64 = 1.2;
const DRIFT_MPS: f64 = 0.1;
const TROCHANTER_M: f64 = 0.9;

/// A body that glides ahead and to the right over feet that stand still.
fn walk(rate_hz: f64, belt_mps: f64) -> Walk {
    let frames = (0..1000).take_while(|&frame| f64::from(frame) <= 2.0 * rate_hz);
    let time = TimeBase::uniform(frames.count(), rate_hz).expect("a usable rate");
    let mut trajectories = BTreeMap::<Joint, Vec<_>>::new();
    let mut put = |joint: Joint, position: &dyn Fn(f64) -> [f64; 3]| {
        let points = time.times_s().iter().map(|&t| {
            let [x, y, z] = position(t);
            Some(Point3::new(x - belt_mps * t, y, z))
        });
        trajectories.insert(joint, points.collect());
    };
    put(Joint::CentreOfMass, &|t| {
        [SPEED_MPS * t, 1.0, DRIFT_MPS * t]
    });
    put(Joint::Pelvis, &|t| [SPEED_MPS * t, 0.95, 0.0]);
    for side in Side::BOTH {
        let z = side.z_sign();
        put(on::trochanter(side), &|t| {
            [SPEED_MPS * t, TROCHANTER_M, 0.15 * z]
        });
        put(on::heel(side), &|_| [0.9, 0.0, 0.1 * z]);
        put(on::toe(side), &|_| [1.1, 0.0, 0.12 * z]);
        put(on::fifth_metatarsal(side), &|_| [1.05, 0.0, 0.14 * z]);
    }
    Walk::new(WalkParts {
        time,
        start_time_s: 0.0,
        start_frame: 0,
        view: View::Spatial,
        unit: LengthUnit::Metres {
            relative_error: 0.0,
        },
        surface: if belt_mps == 0.0 {
            Surface::Overground
        } else {
            Surface::Treadmill {
                belt_speed_mps: Some(belt_mps),
            }
        },
        leg_length: Some(0.85),
        trajectories,
    })
}

fn stride(walk: &Walk, side: Side) -> Stride {
    let cycle = GaitCycle {
        side,
        bout: 0,
        start_s: 0.5,
        opposite_foot_off_s: 0.6,
        opposite_contact_s: 1.0,
        foot_off_s: 1.1,
        end_s: 1.5,
        previous_opposite_contact_s: None,
        straight: true,
    };
    let config = ParameterConfig::default();
    measure(walk, &[cycle], &AngleSeries::default(), &config).remove(0)
}

#[track_caller]
fn check(stride: &Stride, id: ParameterId, expected_m: f64) {
    let value = stride.values[&id];
    assert!(
        (value - expected_m).abs() < 1e-6,
        "{}: {value}, not {expected_m}",
        id.name()
    );
}

/// Along and across, at a time: position + velocity / ω₀ with Hof's pendulums.
fn extrapolated_m(time_s: f64) -> (f64, f64) {
    let slowness_s = |length_m: f64| (length_m / 9.80665_f64).sqrt();
    (
        SPEED_MPS * (time_s + slowness_s(1.34 * TROCHANTER_M)),
        DRIFT_MPS * (time_s + slowness_s(1.24 * TROCHANTER_M)),
    )
}

#[test]
fn velocity_is_in_metres_a_second_at_any_frame_rate() {
    for rate_hz in [25.0, 60.0, 100.0, 240.0] {
        let stride = stride(&walk(rate_hz, 0.0), Side::Right);
        let (along, across) = extrapolated_m(0.5);
        check(&stride, ParameterId::MosForwardContact, 1.1 - along);
        check(&stride, ParameterId::MosBackwardContact, along - 0.9);
        check(&stride, ParameterId::MosMediolateralContact, 0.14 - across);
    }
}

#[test]
fn inside_is_positive_on_both_sides() {
    let walk = walk(100.0, 0.0);
    let (_, across) = extrapolated_m(0.5);
    // The body drifts to the right: away from the left edge, towards the right.
    check(
        &stride(&walk, Side::Left),
        ParameterId::MosMediolateralContact,
        0.14 + across,
    );
    let (_, latest) = extrapolated_m(1.0);
    let right = stride(&walk, Side::Right);
    check(&right, ParameterId::MosMediolateralMinimum, 0.14 - latest);
    let (along, _) = extrapolated_m(1.0);
    check(&right, ParameterId::MosForwardMinimum, 1.1 - along);
    let (along, _) = extrapolated_m(0.6);
    check(&right, ParameterId::MosBackwardMinimum, along - 0.9);
}

#[test]
fn a_belt_adds_its_speed_and_nothing_else() {
    let ground = stride(&walk(100.0, 0.0), Side::Left);
    let belt = stride(&walk(100.0, SPEED_MPS), Side::Left);
    for (id, value) in &ground.values {
        check(&belt, *id, *value);
    }
}

#[test]
fn the_rules_used_are_told() {
    let walk = walk(100.0, 0.0);
    let method = balance_method(&walk, &ParameterConfig::default()).expect("in metres");
    assert_eq!(method.centre_of_mass, CentreOfMassMethod::File);
    assert_eq!(method.pendulum.rule, PendulumRule::TrochanterHeight);
    assert_eq!(method.edge, Some(EdgeRule::LateralForefoot));
}

#[test]
fn too_few_segments_leave_the_pelvis() {
    let walk = walk(100.0, 0.0);
    let trajectories = walk
        .joints()
        .filter(|&joint| joint != Joint::CentreOfMass)
        .filter_map(|joint| Some((joint, walk.trajectory(joint)?.to_vec())))
        .collect();
    let without = Walk::new(WalkParts {
        time: walk.time().clone(),
        start_time_s: 0.0,
        start_frame: 0,
        view: walk.view(),
        unit: walk.unit(),
        surface: walk.surface(),
        leg_length: walk.leg_length(),
        trajectories,
    });
    let found = centre_of_mass(&without);
    assert_eq!(found.method, CentreOfMassMethod::Pelvis);
    assert_eq!(found.positions[10], without.position(Joint::Pelvis, 10));
}
