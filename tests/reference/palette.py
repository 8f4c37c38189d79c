"""The palette: names and sRGB values."""

PALETTE = {entry[:-7]: bytes.fromhex(entry[-6:]) for entry in """
black 030303, near black 1D1B1D, charcoal 2D2B2A, dark grey 3F3E3C, iron grey 5A595B, medium grey 72706A,
grey 8E8D8C, ash grey A4A5A3, silver BAB9B6, light grey C9CDCD, pale grey E0E4E5, white F8F8F8,
brownish black 19120F, dark warm grey 5B4C44, brownish grey 6E6052, warm grey 888073, stone BEB29E,
bone DED7C8, off white EFEBDC, greenish black 171D12, dark greenish grey 464C3F, greenish grey 8C9281,
pale greenish grey C5C8B5, gunmetal 2A353F, dark slate 434B55, slate grey 586872, cool grey 8A9AA5,
light blue grey AFBCC7, dark purplish grey 4A3947, purplish grey 7E7A83, espresso 2F1F16,
dark brown 433023, umber 51412D, olive brown 61512F, mahogany 472117, chocolate 5B381F,
reddish brown 753B32, brown 755233, cinnamon 985B2E, rosy brown 95675F, greyish brown 7F6E51,
bronze 8F6E2D, light brown 9C7A55, taupe A08673, caramel B9793C, camel C39268, khaki 9F9062,
dark beige AF9E87, tan C4AB7B, sand D9C88C, beige DCCAAC, rust 963822, burnt orange B84C28,
dark orange C96323, reddish orange E44C27, dusty orange D47050, orange E8802B, light orange EBA858,
peach EBBA9A, ochre B88E2C, gold D5AD34, golden yellow E9C133, yellow F2E52E, light yellow EFEC7A,
cream F1E7C3, dark olive 383724, olive 6A6A38, olive green 586D2C, army green 475327, light olive A3A554,
moss green 79853C, yellow green A7BC3E, lime green 8AE139, forest green 25371B, dark green 224B21,
dark greyish green 50604B, greyish green 738663, grass green 659534, green 2D9A37, emerald 329D6B,
sage 93AB85, light green 8CDB8A, pale green CCE6C4, mint 9FE8CD, dark teal 265158, teal 337C80,
dusty teal 668586, sea green 539990, light teal 91C1BB, turquoise 46BFBF, cyan 3ADFEF, navy 121F32,
dark slate blue 2F3E5E, dark blue 182967, slate blue 5A6687, greyish blue 64819B, denim 376091,
steel blue 4B7CA8, dusty blue 7499C5, royal blue 2637B1, blue 2058C8, azure 3F88DC, sky blue 74B4E4,
powder blue A0BDDD, light blue 9AD0E9, pale blue C5DCEA, indigo 422B86, periwinkle 8A8CD4, lavender B8ABD1,
dark purple 3C1841, purple 792D7E, greyish purple 6C6290, dusty purple 865C84, violet 8646C7, lilac CA9ED8,
magenta C23183, hot pink F13687, pink EA90B5, light pink EBBFCF, pale pink EEDADD, dusty pink C79498,
salmon E8897A, coral ED685F, bright red F32332, red C92A33, brick red 9A433C, dark red 911E24,
maroon 661F26""".replace("\n", " ").strip().split(", ")}
NAMES = list(PALETTE)
