//! Shares of correct keypoints, by the people and joints that matter for walking.

use ambulo::metrics::pose2d::pck::{PCK_SHARE, Pck, PckPicture, Sides, Torso, share_correct};
use ambulo::skeleton::COCO_23;
use ambulo_nn::codec::pose2d::warp::Sampling;
use serde::Serialize;

use super::answer::{Decoding, KeypointNetwork, found_joints};
use super::baseline::MeanPose;
use crate::pictures::{LabelledPicture, PictureSource};

/// Which people a row is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum People {
    /// Everyone.
    All,
    /// Who stands upright.
    Upright,
    /// Rendered people seen from the front, within 45°.
    Front,
    /// Rendered people seen from a side.
    Side,
    /// Rendered people seen from behind, within 45°.
    Back,
}

/// One row: the share of correct keypoints of a group.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PckRow {
    /// What it is, for people.
    pub title: String,
    /// The network, left and right decoded together.
    pub network: Option<Pck>,
    /// The network, each joint alone.
    pub alone: Option<Pck>,
    /// The network, left and right together, with the torso measured across ([`Torso::Diagonal`]).
    pub diagonal: Option<Pck>,
    /// The mean pose in the box.
    pub mean_pose: Option<Pck>,
}

/// One joint, both sides together, of upright people (or all, if none is said to be upright).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct JointRow {
    /// The joint, without its side.
    pub joint: String,
    /// The network, left and right decoded together.
    pub network: Option<Pck>,
    /// The mean pose in the box.
    pub mean_pose: Option<Pck>,
}

/// PCK at 0.2 of the torso.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PckTable {
    /// The data set.
    pub data: String,
    /// People judged: those whose torso is labelled.
    pub people: usize,
    /// Why there are no figures of a network.
    pub network_missing: Option<String>,
    /// Groups.
    pub rows: Vec<PckRow>,
    /// Joints.
    pub joints: Vec<JointRow>,
}

/// Hips, knees and ankles.
const LEGS: [usize; 6] = [11, 12, 13, 14, 15, 16];

/// One person, judged in every way.
struct Judged {
    source: PictureSource,
    network: Option<PckPicture>,
    alone: Option<PckPicture>,
    diagonal: Option<PckPicture>,
    mean_pose: PckPicture,
}

impl People {
    fn has(self, source: PictureSource) -> bool {
        match (self, source) {
            (Self::All, _) => true,
            (Self::Upright, PictureSource::Lspet { upright, .. }) => upright,
            (_, PictureSource::Synthetic { facing_deg }) => {
                let away = facing_deg.rem_euclid(360.0);
                let away = away.min(360.0 - away);
                match self {
                    Self::Front => away <= 45.0,
                    Self::Side => away > 45.0 && away < 135.0,
                    Self::Back => away >= 135.0,
                    Self::All | Self::Upright => false,
                }
            }
            _ => false,
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Upright => "upright",
            Self::Front => "from the front",
            Self::Side => "from a side",
            Self::Back => "from behind",
        }
    }
}

/// Judges a network, and the mean pose, on people.
pub fn pck_table(
    data: &str,
    people: impl Iterator<Item = LabelledPicture>,
    mean_pose: &MeanPose,
    mut network: Option<&mut KeypointNetwork<'_>>,
) -> PckTable {
    let network_missing = network.is_none().then(|| "needs --weights".to_owned());
    let judged: Vec<Judged> = people
        .filter_map(|person| judge(&person, mean_pose, network.as_deref_mut()))
        .collect();
    let everything: Vec<usize> = (0..COCO_23.joints.len()).collect();
    let mut rows = Vec::new();
    for (group, joints, sides, what) in [
        (
            People::Upright,
            &everything[..],
            Sides::Strict,
            "strict sides",
        ),
        (
            People::Upright,
            &LEGS[..],
            Sides::Strict,
            "legs, strict sides",
        ),
        (
            People::Upright,
            &everything,
            Sides::Better,
            "better of the two sides",
        ),
        (People::Front, &everything, Sides::Strict, "strict sides"),
        (People::Side, &everything, Sides::Strict, "strict sides"),
        (People::Side, &LEGS, Sides::Strict, "legs, strict sides"),
        (People::Back, &everything, Sides::Strict, "strict sides"),
        (People::All, &everything, Sides::Strict, "strict sides"),
        (People::All, &LEGS, Sides::Strict, "legs, strict sides"),
        (
            People::All,
            &everything,
            Sides::Better,
            "better of the two sides",
        ),
    ] {
        let members: Vec<&Judged> = judged.iter().filter(|one| group.has(one.source)).collect();
        let row = |of: &dyn Fn(&Judged) -> Option<&PckPicture>| {
            let pictures: Vec<&PckPicture> = members.iter().filter_map(|one| of(one)).collect();
            share_correct(&pictures, joints, sides)
        };
        if !members.is_empty() {
            rows.push(PckRow {
                title: format!("{}, {what}", group.title()),
                network: row(&|one| one.network.as_ref()),
                alone: row(&|one| one.alone.as_ref()),
                diagonal: row(&|one| one.diagonal.as_ref()),
                mean_pose: row(&|one| Some(&one.mean_pose)),
            });
        }
    }
    PckTable {
        data: data.to_owned(),
        people: judged.len(),
        network_missing,
        rows,
        joints: joint_rows(&judged),
    }
}

fn judge(
    person: &LabelledPicture,
    mean_pose: &MeanPose,
    network: Option<&mut KeypointNetwork<'_>>,
) -> Option<Judged> {
    let reference = person.joints.map(crate::pictures::Label::position_px);
    let of =
        |answer: &[Option<[f64; 2]>], torso| PckPicture::of(answer, &reference, PCK_SHARE, torso);
    let baseline = of(&mean_pose.joints(person.person_box), Torso::Midline)?;
    let mut judged = Judged {
        source: person.source,
        network: None,
        alone: None,
        diagonal: None,
        mean_pose: baseline,
    };
    if let Some(network) = network {
        let mut joints = |decoding| -> Vec<Option<[f64; 2]>> {
            let found = found_joints(
                network,
                &person.picture,
                person.person_box,
                decoding,
                Sampling::Averaged,
            );
            let found = found.unwrap_or_default();
            found.iter().map(|peak| Some(peak.at)).collect()
        };
        let paired = joints(Decoding::Paired);
        judged.alone = of(&joints(Decoding::Alone), Torso::Midline);
        judged.network = of(&paired, Torso::Midline);
        judged.diagonal = of(&paired, Torso::Diagonal);
    }
    Some(judged)
}

fn joint_rows(judged: &[Judged]) -> Vec<JointRow> {
    let upright: Vec<&Judged> = judged
        .iter()
        .filter(|one| People::Upright.has(one.source))
        .collect();
    let members = if upright.is_empty() {
        judged.iter().collect()
    } else {
        upright
    };
    let mut rows = Vec::new();
    for (place, joint) in COCO_23.joints.iter().enumerate() {
        let other = COCO_23.index_of(joint.mirrored()).unwrap_or(place);
        if other < place {
            continue;
        }
        let mut both = vec![place, other];
        both.dedup();
        let network: Vec<&PckPicture> = members
            .iter()
            .filter_map(|one| one.network.as_ref())
            .collect();
        let mean_pose: Vec<&PckPicture> = members.iter().map(|one| &one.mean_pose).collect();
        let row = JointRow {
            joint: joint.name().trim_start_matches("left_").replace('_', " "),
            network: share_correct(&network, &both, Sides::Strict),
            mean_pose: share_correct(&mean_pose, &both, Sides::Strict),
        };
        if row.network.is_some() || row.mean_pose.is_some() {
            rows.push(row);
        }
    }
    rows
}
