//! Parameters of a module as named tensors, and back.

use ambulo_nn::tensors::{Tensor as Array, Tensors};
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::tensor::{Device, Tensor, TensorData};

/// Why parameters do not fit a module.
#[derive(Debug, thiserror::Error)]
pub enum ModuleError {
    /// A parameter of the module is missing.
    #[error("the weights have no tensor {name:?}")]
    Missing {
        /// The parameter's name.
        name: String,
    },
    /// A parameter has another shape than the module's.
    #[error("tensor {name:?} has shape {found:?} where the network needs {expected:?}")]
    Shape {
        /// The parameter's name.
        name: String,
        /// What the module needs.
        expected: Vec<usize>,
        /// What the weights hold.
        found: Vec<usize>,
    },
    /// The weights hold a tensor that the module does not know.
    #[error("the network has no tensor {name:?}")]
    Unknown {
        /// The tensor's name.
        name: String,
    },
}

/// The parameters of a module, in the layout of the weights files.
pub fn to_tensors<M: Module>(module: &M) -> Tensors {
    let mut reader = Reader::default();
    module.visit(&mut reader);
    reader.tensors
}

/// The module with these parameters. Every parameter must be there, and nothing else.
///
/// # Errors
///
/// - [`ModuleError::Missing`] and [`ModuleError::Unknown`] if the names are not the module's.
/// - [`ModuleError::Shape`] if a shape is not.
pub fn from_tensors<M: Module>(module: M, tensors: &Tensors) -> Result<M, ModuleError> {
    let mut writer = Writer {
        path: Vec::new(),
        left: tensors.clone(),
        error: None,
    };
    let module = module.map(&mut writer);
    if let Some(error) = writer.error {
        return Err(error);
    }
    match writer.left.iter().next() {
        Some((name, _)) => Err(ModuleError::Unknown {
            name: name.to_owned(),
        }),
        None => Ok(module),
    }
}

/// A parameter full of zeros, to be written over.
pub(super) fn zeros<const D: usize>(shape: [usize; D], device: &Device) -> Param<Tensor<D>> {
    Param::initialized(ParamId::new(), Tensor::zeros(shape, device).require_grad())
}

/// Fields and variants that group tensors in code only.
const NAMELESS: [&str; 13] = [
    "pyramid",
    "Whole",
    "Heads",
    "places",
    "square",
    "Basic",
    "Vee",
    "Up",
    "Down",
    "Plain",
    "Rectifier",
    "Halving",
    "Doubling",
];

/// The name in weights files.
pub(crate) fn file_name(path: &[String]) -> String {
    let parts: Vec<&str> = path
        .iter()
        .map(String::as_str)
        .filter(|part| !NAMELESS.contains(part))
        .collect();
    parts.join(".")
}

/// The numbers of a tensor, row-major.
pub(crate) fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor
        .try_into_vec_as()
        .expect("a float tensor can be read as f32")
}

#[derive(Default)]
struct Reader {
    path: Vec<String>,
    tensors: Tensors,
}

impl ModuleVisitor for Reader {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let value = param.val();
        let array = Array::new(value.dims(), numbers(value)).expect("the tensor fills its shape");
        self.tensors.insert(file_name(&self.path), array);
    }
}

struct Writer {
    path: Vec<String>,
    left: Tensors,
    error: Option<ModuleError>,
}

impl ModuleMapper for Writer {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let name = file_name(&self.path);
        let expected = param.lazy_shape().to_vec();
        match self.left.remove(&name) {
            None => {
                self.error.get_or_insert(ModuleError::Missing { name });
                param
            }
            Some(found) if found.shape() != expected => {
                self.error.get_or_insert(ModuleError::Shape {
                    name,
                    expected,
                    found: found.shape().to_vec(),
                });
                param
            }
            Some(found) => {
                let device = param.lazy_device();
                let data = TensorData::new(found.into_data(), expected);
                param.map(|_| Tensor::from_data(data, &device).require_grad())
            }
        }
    }
}
