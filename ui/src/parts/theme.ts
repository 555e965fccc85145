import { createTheme, type MantineColorsTuple } from '@mantine/core';
import type { Prefs } from './prefs';

const petrol: MantineColorsTuple = [
  '#e6f6f7', '#d0eaec', '#a3d4d8', '#72bdc3', '#4aaab2', '#309ea7', '#1e8f99', '#0b6b74', '#085860', '#04474e',
];

const sized = ['Button'];
const labelled = ['TextInput', 'NativeSelect', 'Textarea', 'Autocomplete', 'PasswordInput', 'DateInput'];

/** The look, in the density a person chose. System letters are not good enough on bare ward machines: Inter comes along. */
export function themeOf(density: Prefs['density']) {
  const size = density === 'compact' ? 'xs' : 'sm';
  return createTheme({
    primaryColor: 'petrol',
    primaryShade: { light: 7, dark: 7 },
    autoContrast: true,
    colors: { petrol },
    fontFamily: '"Inter Variable", system-ui, "Noto Sans", sans-serif',
    headings: { fontFamily: '"Inter Variable", system-ui, "Noto Sans", sans-serif', fontWeight: '650' },
    defaultRadius: 'sm',
    respectReducedMotion: true,
    components: {
      ...Object.fromEntries(sized.map((name) => [name, { defaultProps: { size } }])),
      // what helps stands below the field, so that fields of one row stay in one line
      ...Object.fromEntries(labelled.map((name) => [name, { defaultProps: { size, inputWrapperOrder: ['label', 'input', 'description', 'error'] } }])),
      Checkbox: { defaultProps: { size: 'md' } },
    },
  });
}
