package cloudwatch

import (
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

// request asks for the time up to now, newest samples first.
func request(metric *v1alpha1.CloudWatchMetric, now time.Time) (*cloudwatch.GetMetricDataInput, error) {
	span, err := lookBack(metric)
	if err != nil {
		return nil, err
	}
	queries := make([]types.MetricDataQuery, len(metric.MetricDataQueries))
	for i, each := range metric.MetricDataQueries {
		if queries[i], err = query(each); err != nil {
			return nil, fmt.Errorf("query %s: %w", each.Id, err)
		}
	}
	return &cloudwatch.GetMetricDataInput{
		StartTime: aws.Time(now.Add(-span)), EndTime: aws.Time(now),
		MetricDataQueries: queries, ScanBy: types.ScanByTimestampDescending,
	}, nil
}

func query(q v1alpha1.CloudWatchMetricDataQuery) (types.MetricDataQuery, error) {
	asked := types.MetricDataQuery{Id: aws.String(q.Id), Expression: q.Expression, Label: q.Label, ReturnData: q.ReturnData}
	if q.Period != nil {
		period, err := seconds(*q.Period)
		if err != nil {
			return asked, err
		}
		asked.Period = period
	}
	if q.MetricStat == nil {
		return asked, nil
	}
	period, err := seconds(q.MetricStat.Period)
	if err != nil {
		return asked, err
	}
	asked.MetricStat = &types.MetricStat{
		Metric: metricOf(q.MetricStat.Metric), Period: period, Stat: aws.String(q.MetricStat.Stat), Unit: types.StandardUnit(q.MetricStat.Unit),
	}
	return asked, nil
}

func metricOf(m v1alpha1.CloudWatchMetricStatMetric) *types.Metric {
	dimensions := make([]types.Dimension, len(m.Dimensions))
	for i, d := range m.Dimensions {
		dimensions[i] = types.Dimension{Name: aws.String(d.Name), Value: aws.String(d.Value)}
	}
	return &types.Metric{Dimensions: dimensions, MetricName: aws.String(m.MetricName), Namespace: m.Namespace}
}

// seconds reads a number that may be written as text.
func seconds(period intstr.IntOrString) (*int32, error) {
	if period.Type == intstr.Int {
		return aws.Int32(period.IntVal), nil
	}
	n, err := strconv.ParseInt(period.StrVal, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("read period: %w", err)
	}
	return aws.Int32(int32(n)), nil
}
