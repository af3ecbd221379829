// Whatever comes from a data set reaches the page through textContent alone: nobody has vetted it.
function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function button(text, className, act) {
  const made = element("button", className, text);
  made.type = "button";
  made.addEventListener("click", act);
  return made;
}

function prose(className, text) {
  const made = element("p", className, text);
  made.dir = "auto";
  return made;
}

function distinct(values) {
  return [...new Set(values)];
}

function counted(number, one, many) {
  return `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
}
