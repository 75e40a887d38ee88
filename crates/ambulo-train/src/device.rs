//! Where training computes.

pub use burn::tensor::Device;

/// This computer's processor.
pub fn cpu() -> Device {
    Device::flex()
}

/// A GPU, if this build can use one.
pub fn gpu() -> Option<Device> {
    #[cfg(feature = "cuda")]
    let device = Some(Device::cuda(0));
    #[cfg(all(feature = "gpu", not(feature = "cuda")))]
    let device = Some(Device::vulkan(burn::tensor::DeviceKind::DefaultDevice));
    #[cfg(not(any(feature = "gpu", feature = "cuda")))]
    let device = None;
    device
}
