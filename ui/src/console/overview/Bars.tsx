import '@mantine/charts/styles.css';
import { BarChart } from '@mantine/charts';

export interface Bar { name: string; label: string; color: string }

interface BarsProps { label: string; rows: readonly Record<string, string | number>[]; bars: readonly Bar[]; isStacked?: boolean; isSideways?: boolean; show: (value: number) => string; tick?: (value: number) => string }

/** Bars for people who see them; the table beside has every number. Loaded when it is first shown: a desk has none. */
export default function Bars({ label, rows, bars, isStacked = false, isSideways = false, show, tick = show }: BarsProps) {
  const named = { interval: 'preserveStartEnd', minTickGap: 12 } as const;
  return (
    <div className="bars" role="img" aria-label={label} data-testid="bars">
      <BarChart
        h={isSideways ? 70 + rows.length * 34 : 230} data={rows.map((row) => ({ ...row }))} dataKey="of" series={bars.map((bar) => ({ ...bar }))} type={isStacked ? 'stacked' : 'default'}
        orientation={isSideways ? 'vertical' : 'horizontal'} withLegend={bars.length > 1} legendProps={{ verticalAlign: 'bottom', itemSorter: null }} valueFormatter={show} maxBarWidth={30} textColor="var(--ink-soft)" gridColor="var(--line)"
        barChartProps={{ accessibilityLayer: false }} barProps={{ isAnimationActive: false }} xAxisProps={isSideways ? { tickFormatter: tick } : named} yAxisProps={isSideways ? { width: 112 } : { width: 84, tickFormatter: tick }} tooltipAnimationDuration={0}
      />
    </div>
  );
}
