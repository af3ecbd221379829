// The picture of an example, drawn from its bytes: every pixel a square of its own where there is room for that.
function picture(one, pies, room) {
  const { group, row, id, gold } = one;
  const { size, height, width, channels, values, at } = group.pictures;
  const place = at[row];
  if (place < 0) return element("p", "excerpt soft", `picture of ${size}, left out to keep the page small`);
  const made = element("canvas", "picture");
  const times = Math.max(1, Math.floor(room / Math.max(height, width)));
  made.width = width;
  made.height = height;
  made.style.width = `${width * times}px`;
  made.role = "img";
  made.ariaLabel = `gold ${pies.label(one, gold)}, ${group.split} example ${id}`;
  made.title = `${made.ariaLabel}: picture of ${size}`;
  const image = new ImageData(width, height);
  const begin = place * height * width * channels;
  for (let pixel = 0; pixel < height * width; pixel++) {
    for (let colour = 0; colour < 3; colour++) image.data[4 * pixel + colour] = values[begin + pixel * channels + (colour % channels)];
    image.data[4 * pixel + 3] = 255;
  }
  made.getContext("2d").putImageData(image, 0, 0);
  return made;
}
