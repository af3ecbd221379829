explore().catch((failure) => {
  document.getElementById("count").textContent = `The list could not be read (${failure.message}); a browser of 2023 or later is needed.`;
});
